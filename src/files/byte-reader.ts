/** Reads exact amounts out of a stream whose chunks come in any size. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Up to `limit` bytes, at least one; undefined at the end of the stream. */
  async some(limit: number): Promise<Buffer | undefined> {
    if (this.#chunk.length === 0 && !(await this.#fill())) return undefined;
    const taken = this.#chunk.subarray(0, limit);
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  /** Exactly `length` bytes; fewer only where the stream ends. */
  async exactly(length: number): Promise<Buffer> {
    if (this.#chunk.length >= length) {
      const taken = this.#chunk.subarray(0, length);
      this.#chunk = this.#chunk.subarray(length);
      return taken;
    }
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      const part = await this.some(missing);
      if (!part) break;
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Ends the stream early. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#chunk = Buffer.alloc(0);
    await this.#source.return?.();
  }

  async #fill(): Promise<boolean> {
    while (!this.#ended && this.#chunk.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) this.#ended = true;
      else this.#chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    return !this.#ended;
  }
}
