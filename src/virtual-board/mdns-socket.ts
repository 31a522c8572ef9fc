import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

export const MDNS_PORT = 5353;
const GROUP = '224.0.0.251';
/** RFC 6762 section 11: receivers may drop anything else. */
const MULTICAST_TTL = 255;

export type OnMessage = (message: Buffer, from: RemoteInfo, socket: MdnsSocket) => void;

/** Multicast DNS on one interface, named by its address; what it multicasts leaves through that interface alone. */
export class MdnsSocket {
  readonly address: string;
  readonly #socket: Socket;
  readonly #leaving = new Set<Promise<void>>();

  private constructor(socket: Socket, address: string) {
    this.#socket = socket;
    this.address = address;
  }

  /** @throws the host's error if the interface takes no part in multicast */
  static async open(address: string, onMessage: OnMessage): Promise<MdnsSocket> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(MDNS_PORT, '0.0.0.0', resolve);
      });
      socket.setMulticastInterface(address);
      socket.setMulticastTTL(MULTICAST_TTL);
      socket.setMulticastLoopback(true);
      socket.addMembership(GROUP, address);
    } catch (error) {
      socket.close();
      throw error;
    }
    const own = new MdnsSocket(socket, address);
    socket.removeAllListeners('error');
    // An interface that goes away takes its questions with it; there is nothing to answer then.
    socket.on('error', () => undefined);
    socket.on('message', (message, from) => {
      onMessage(message, from, own);
    });
    return own;
  }

  multicast(message: Buffer): void {
    this.#send(message, MDNS_PORT, GROUP);
  }

  reply(message: Buffer, to: { readonly address: string; readonly port: number }): void {
    this.#send(message, to.port, to.address);
  }

  /** Resolves when what was sent has left and the port is free. */
  async close(): Promise<void> {
    await Promise.all(this.#leaving);
    await new Promise<void>(resolve => this.#socket.close(resolve));
  }

  #send(message: Buffer, port: number, address: string): void {
    const left = new Promise<void>(resolve => {
      // Multicast DNS repeats itself: a packet that could not be sent is like one that was lost.
      this.#socket.send(message, port, address, () => {
        resolve();
      });
    });
    this.#leaving.add(left);
    void left.then(() => this.#leaving.delete(left));
  }
}
