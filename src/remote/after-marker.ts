import { Transform, type TransformCallback } from 'node:stream';

/** Of what comes before the marker, the end is kept for diagnosis. */
const MAX_BEFORE_BYTES = 16 * 1024;
const NEWLINE = 0x0a;

/** Passes on what follows the line that begins with a marker, and keeps what came before it. */
export class AfterMarker extends Transform {
  /** Resolves with the rest of the marker's line; stays open where the stream ends without one. */
  readonly begun: Promise<string>;
  readonly #marker: Buffer;
  #begin: (rest: string) => void = () => undefined;
  #hasBegun = false;
  #held: Buffer = Buffer.alloc(0);

  constructor(marker: string) {
    super();
    this.#marker = Buffer.from(marker);
    this.begun = new Promise(resolve => {
      this.#begin = resolve;
    });
  }

  /** What came before the marker, the last 16 KiB of it. */
  get before(): string {
    return this.#held.toString('utf8');
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#hasBegun) {
      done(null, chunk);
      return;
    }
    const all = Buffer.concat([this.#held, chunk]);
    const at = all.indexOf(this.#marker);
    const end = at === -1 ? -1 : all.indexOf(NEWLINE, at);
    this.#held = end === -1 ? all.subarray(-MAX_BEFORE_BYTES) : all.subarray(0, at);
    if (end !== -1) {
      this.#hasBegun = true;
      if (end + 1 < all.length) this.push(all.subarray(end + 1));
      this.#begin(all.toString('utf8', at + this.#marker.length, end));
    }
    done();
  }

  /** A login file may have closed stderr, or sent it elsewhere, before the script could mark it. */
  override _flush(done: TransformCallback): void {
    if (!this.#hasBegun && this.#held.length > 0) this.push(this.#held);
    done();
  }
}
