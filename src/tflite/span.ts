import { safeText } from '../device/board-text.js';
import { ModelFormatError } from './model-format-error.js';

/**
 * Steps that reading one file may take. A large model needs some tens of thousands; a small hostile one, whose lists
 * all point at each other, could otherwise ask for billions.
 */
const MAX_STEPS = 500_000;

/** Longest text that is taken from a file, in characters; the rest is cut off. */
const MAX_TEXT = 1024;

/** Where the bytes of a file come from: memory, or the file itself (model-bytes.ts). */
export interface ByteSource {
  readonly length: number;
  /** `length` bytes at `at`, which are inside; valid until the next call. */
  view(at: number, length: number): DataView;
}

/**
 * A window of a model file, little-endian as FlatBuffers are. Every read is checked against the ends of the window, and
 * nothing is copied. Positions count from the start of the window; errors name the place in the file.
 */
export class Span {
  readonly #source: ByteSource;
  readonly #start: number;
  readonly length: number;
  readonly #work: { steps: number };

  private constructor(source: ByteSource, window: { start: number; length: number }, work: { steps: number }) {
    this.#source = source;
    this.#start = window.start;
    this.length = window.length;
    this.#work = work;
  }

  static of(source: ByteSource): Span {
    return new Span(source, { start: 0, length: source.length }, { steps: 0 });
  }

  /** @throws ModelFormatError unless `length` bytes at `at` are inside; `what` names them in the message. */
  require(at: number, length: number, what: string): void {
    if (at >= 0 && length >= 0 && at + length <= this.length) return;
    this.fail(`${what} lies outside of it`, at);
  }

  /** The window of `length` bytes at `at`; `what` names it in the error. */
  slice(at: number, length: number, what: string): Span {
    this.require(at, length, what);
    return new Span(this.#source, { start: this.#start + at, length }, this.#work);
  }

  int8(at: number): number {
    return this.#value(at, 1).getInt8(0);
  }

  int16(at: number): number {
    return this.#value(at, 2).getInt16(0, true);
  }

  uint16(at: number): number {
    return this.#value(at, 2).getUint16(0, true);
  }

  int32(at: number): number {
    return this.#value(at, 4).getInt32(0, true);
  }

  uint32(at: number): number {
    return this.#value(at, 4).getUint32(0, true);
  }

  int64(at: number): bigint {
    return this.#value(at, 8).getBigInt64(0, true);
  }

  uint64(at: number): bigint {
    return this.#value(at, 8).getBigUint64(0, true);
  }

  float32(at: number): number {
    return this.#value(at, 4).getFloat32(0, true);
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes; beyond 2^53 it is too large for any use it could have here. */
  unsigned(at: number, widthBytes: 1 | 2 | 4 | 8): number {
    if (widthBytes === 1) return this.#value(at, 1).getUint8(0);
    if (widthBytes === 2) return this.uint16(at);
    return widthBytes === 4 ? this.uint32(at) : Number(this.uint64(at));
  }

  /** The whole window as text, without what a terminal must not see, and cut where it is endless. */
  text(): string {
    const taken = Math.min(this.length, 4 * MAX_TEXT);
    this.spend(1 + (taken >> 4));
    const { buffer, byteOffset } = this.#source.view(this.#start, taken);
    return safeText(Buffer.from(buffer, byteOffset, taken).toString('utf8'), MAX_TEXT);
  }

  /** Whether the ASCII text `text` stands at `at`. */
  holds(text: string, at: number): boolean {
    if (at < 0 || at + text.length > this.length) return false;
    const view = this.#source.view(this.#start + at, text.length);
    for (let index = 0; index < text.length; index++) {
      if (view.getUint8(index) !== text.charCodeAt(index)) return false;
    }
    return true;
  }

  /** Counts `steps` of work. @throws ModelFormatError if the file asks for more than any model can need. */
  spend(steps = 1): void {
    this.#work.steps += steps;
    if (this.#work.steps > MAX_STEPS) this.fail('its parts refer to each other without end', 0);
  }

  /** A position that is none, being negative or beyond the end, counts as the end that it misses. */
  fail(problem: string, at: number): never {
    throw new ModelFormatError(problem, this.#start + Math.min(Math.max(at, 0), this.length));
  }

  #value(at: number, length: number): DataView {
    this.require(at, length, 'a value');
    return this.#source.view(this.#start + at, length);
  }
}
