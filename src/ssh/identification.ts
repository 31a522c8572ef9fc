/** Longest identification line, with its line end: RFC 4253 section 4.2. */
const MAX_LINE_BYTES = 255;
/** Of the lines that a server may send before it; some send a notice to people. */
const MAX_TOTAL_BYTES = 16 * 1024;

/** What a server sent instead of an identification line. */
export class IdentificationError extends Error {
  override readonly name = 'IdentificationError';
}

/**
 * Collects what a server sends until its identification line (`SSH-2.0-…`) is whole, within bounds. Lines before it
 * are dropped.
 */
export class IdentificationReader {
  #bytes = Buffer.alloc(0);
  #line: string | undefined;
  readonly #onLine: () => void;

  constructor(onLine: () => void = () => undefined) {
    this.#onLine = onLine;
  }

  /** Everything that came so far, for messages. */
  get received(): Buffer {
    return this.#bytes;
  }

  /** The line without line end, once it is there. */
  get line(): string | undefined {
    return this.#line;
  }

  /**
   * The identification line and all that followed it, once the line is whole; undefined before.
   * @throws IdentificationError if there is none within the bounds.
   */
  add(chunk: Buffer): Buffer | undefined {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let start = 0; ;) {
      const end = this.#bytes.indexOf(0x0a, start);
      const line = this.#bytes.toString('latin1', start, end < 0 ? this.#bytes.length : end);
      if (line.startsWith('SSH-')) {
        if (line.length > MAX_LINE_BYTES) throw new IdentificationError('its identification line is too long');
        if (end < 0) return undefined;
        this.#line = line.replace(/\r$/, '');
        this.#onLine();
        return this.#bytes.subarray(start);
      }
      if ((end < 0 ? this.#bytes.length : end) > MAX_TOTAL_BYTES) {
        throw new IdentificationError('it sent too much before its identification line');
      }
      if (end < 0) return undefined;
      start = end + 1;
    }
  }
}
