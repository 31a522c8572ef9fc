const NUL = Buffer.alloc(1);
/** What follows a mark is a status and one complaint. */
const MAX_TRAILER_BYTES = 64 * 1024;

/** Reads a stream of frames of unknown length, each of which ends with a mark, a text and a NUL. */
export class FramedReader {
  readonly #source: AsyncIterator<Buffer>;
  readonly #mark: Buffer;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>, mark: Buffer) {
    this.#source = source[Symbol.asyncIterator]();
    this.#mark = mark;
  }

  /** The content of the next frame; `onEnd` gets the text behind its mark, and is not called where the stream ends first. */
  async *frame(onEnd: (text: string) => void): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(this.#mark);
      if (at !== -1) {
        if (at > 0) yield this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + this.#mark.length);
        const text = await this.#untilNul();
        if (text !== undefined) onEnd(text);
        return;
      }
      // The beginning of a mark may be at the end of what is here.
      const safe = Math.max(0, this.#held.length - this.#mark.length + 1);
      if (safe > 0) yield this.#held.subarray(0, safe);
      this.#held = this.#held.subarray(safe);
      if (!(await this.#fill())) {
        if (this.#held.length > 0) yield this.#held;
        return;
      }
    }
  }

  async #untilNul(): Promise<string | undefined> {
    for (;;) {
      const at = this.#held.indexOf(NUL);
      if (at !== -1) {
        const text = this.#held.toString('utf8', 0, at);
        this.#held = this.#held.subarray(at + 1);
        return text;
      }
      if (this.#held.length > MAX_TRAILER_BYTES || !(await this.#fill())) return undefined;
    }
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    return true;
  }
}
