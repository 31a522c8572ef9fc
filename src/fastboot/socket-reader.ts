import type { Socket } from 'node:net';

/** Reads a socket by asking, so that what the other side may have under way stays bounded by the socket's own buffer. */
export class SocketReader {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Between 1 and `maxBytes` bytes, as soon as there are any; undefined once the connection has ended. */
  async readSome(maxBytes: number): Promise<Buffer | undefined> {
    for (;;) {
      const available = Math.min(maxBytes, this.#socket.readableLength);
      const bytes = available > 0 ? (this.#socket.read(available) as Buffer | null) : null;
      if (bytes !== null) return bytes;
      if (this.#socket.readableEnded || this.#socket.destroyed) return undefined;
      await this.#change();
    }
  }

  /** Exactly `lengthBytes` bytes; fewer only if the connection ends before. */
  async readExactly(lengthBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let missing = lengthBytes;
    while (missing > 0) {
      const bytes = await this.readSome(missing);
      if (bytes === undefined) break;
      pieces.push(bytes);
      missing -= bytes.length;
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
