/** A stream of chunks whose beginning can be looked at, or cut off, before the rest is read. */
export class Prefixed implements AsyncIterable<Buffer>, AsyncDisposable {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The first `length` bytes, fewer if there are no more; they stay in the stream. They are copied: the source may use its buffer again. */
  async peek(length: number): Promise<Buffer> {
    while (this.#held.length < length) {
      const next = await this.#source.next();
      if (next.done === true) break;
      this.#held = Buffer.concat([this.#held, next.value]);
    }
    return this.#held.subarray(0, length);
  }

  /** Takes the first `length` bytes out of the stream. */
  async cut(length: number): Promise<Buffer> {
    const beginning = await this.peek(length);
    this.#held = this.#held.subarray(beginning.length);
    return beginning;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      if (this.#held.length > 0) yield this.#held;
      this.#held = Buffer.alloc(0);
      for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next()) yield next.value;
    } finally {
      await this.#source.return?.();
    }
  }

  /** Ends the source where nobody reads it to its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.return?.();
  }
}
