import type { Deadline } from '../time/deadline.js';

/**
 * What carries fastboot packets to a board and back. The client speaks to this role alone; USB, TCP and UDP are media
 * that play it. One packet is under way at a time: the host sends, then the board answers.
 *
 * An error of `send` or `receive` leaves the two sides out of step, so whoever sees one closes the transport.
 */
export interface Transport extends AsyncDisposable {
  /** As the user names it: `tcp:192.168.1.7:5554`, `udp:…`, `usb:1-1.4`. */
  readonly name: string;
  /** Longest stretch of image data that suits one `send`, in bytes. */
  readonly dataPacketBytes: number;
  /**
   * Sends one command or one stretch of image data and resolves when `packet` may be reused.
   * @throws TransportError, ProtocolError, TimeoutError, AbortedError
   */
  send(packet: Uint8Array, deadline: Deadline): Promise<void>;
  /**
   * Receives the next packet, which is never empty; of a longer one `maxBytes`, and the rest with the calls that follow.
   * @throws TransportError, ProtocolError, TimeoutError, AbortedError
   */
  receive(maxBytes: number, deadline: Deadline): Promise<Buffer>;
  /** Lets go of the medium; never throws and may be called twice. */
  close(): Promise<void>;
}
