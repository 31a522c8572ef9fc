import type { Socket } from 'node:net';

/** Reads a socket by asking, so that what the other side has under way is bounded by the socket's own buffer. */
export class SocketReader {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Exactly `lengthBytes` bytes; fewer only if the connection ends before. */
  async readExactly(lengthBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let missing = lengthBytes; missing > 0;) {
      const available = Math.min(missing, this.#socket.readableLength);
      const bytes = available > 0 ? (this.#socket.read(available) as Buffer | null) : null;
      if (bytes !== null) {
        pieces.push(bytes);
        missing -= bytes.length;
      } else if (this.#socket.readableEnded || this.#socket.destroyed) {
        break;
      } else {
        await this.#change();
      }
    }
    return Buffer.concat(pieces);
  }

  /** Resolves when there is something to read or the connection has ended. */
  #change(): Promise<void> {
    return new Promise(resolve => {
      const events = ['readable', 'end', 'close'] as const;
      const done = (): void => {
        for (const event of events) this.#socket.off(event, done);
        resolve();
      };
      for (const event of events) this.#socket.on(event, done);
      // Asks the socket to fetch more: without it `readable` does not come again after all has been read.
      if (this.#socket.readableLength === 0) this.#socket.read(0);
    });
  }
}
