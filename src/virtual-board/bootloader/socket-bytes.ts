import type { Duplex } from 'node:stream';

/** Bytes of a stream, by asking. */
export class SocketBytes {
  readonly #pieces: AsyncIterator<Buffer>;
  #piece: Buffer = Buffer.alloc(0);

  constructor(stream: Duplex) {
    this.#pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Between 1 and `maxBytes`; undefined at the end. */
  async some(maxBytes: number): Promise<Buffer | undefined> {
    while (this.#piece.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return undefined;
      this.#piece = next.value;
    }
    const bytes = this.#piece.subarray(0, maxBytes);
    this.#piece = this.#piece.subarray(bytes.length);
    return bytes;
  }

  /** Exactly `lengthBytes`; undefined if the stream ends before. */
  async exactly(lengthBytes: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    for (let missing = lengthBytes; missing > 0;) {
      const bytes = await this.some(missing);
      if (bytes === undefined) return undefined;
      pieces.push(bytes);
      missing -= bytes.length;
    }
    return Buffer.concat(pieces);
  }
}
