/** Longest time that a console is given to take what is written to it. */
export const WRITE_TIMEOUT_MS = 30_000;

/**
 * The two-way byte stream of a board's serial console, whatever carries it: 115200 baud 8N1 on a port of this host, or
 * the connection to a terminal server.
 */
export interface ConsolePort extends AsyncDisposable {
  /** As the user names it: `/dev/ttyUSB0`, `COM3`, `tcp:desk.lan:2000`. */
  readonly name: string;
  /**
   * What the board has sent since the last call, never empty. One reader at a time; what nobody reads waits, bounded by
   * the buffers of the system. An aborted wait takes nothing away.
   * @throws TransportError once the port has gone, AbortedError
   */
  read(signal?: AbortSignal): Promise<Buffer>;
  /** Resolves when the system has taken all of it. @throws TransportError, TimeoutError */
  write(bytes: Uint8Array | string): Promise<void>;
  /** Resolves when the port is closed, from either side. */
  readonly closed: Promise<void>;
}
