import { safeText } from '../device/board-text.js';
import { ModelFormatError } from './model-format-error.js';

/**
 * Steps that reading one file may take. A large model needs some tens of thousands; a small hostile one, whose lists
 * all point at each other, could otherwise ask for billions.
 */
const MAX_STEPS = 500_000;

/** Longest text that is taken from a file, in characters; the rest is cut off. */
const MAX_TEXT = 1024;

/**
 * A window of a model file, little-endian as FlatBuffers are. Every read is checked against the ends of the window, and
 * nothing is copied. Positions count from the start of the window; errors name the place in the file.
 */
export class Span {
  readonly #view: DataView;
  readonly #fileOffset: number;
  readonly #work: { steps: number };

  private constructor(view: DataView, fileOffset: number, work: { steps: number }) {
    this.#view = view;
    this.#fileOffset = fileOffset;
    this.#work = work;
  }

  static of(bytes: Uint8Array): Span {
    return new Span(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, { steps: 0 });
  }

  get length(): number {
    return this.#view.byteLength;
  }

  /** @throws ModelFormatError unless `length` bytes at `at` are inside; `what` names them in the message. */
  require(at: number, length: number, what: string): void {
    if (at >= 0 && length >= 0 && at + length <= this.length) return;
    this.fail(`${what} lies outside of it`, at);
  }

  /** The window of `length` bytes at `at`; `what` names it in the error. */
  slice(at: number, length: number, what: string): Span {
    this.require(at, length, what);
    return new Span(
      new DataView(this.#view.buffer, this.#view.byteOffset + at, length),
      this.#fileOffset + at,
      this.#work,
    );
  }

  int8(at: number): number {
    this.require(at, 1, 'a value');
    return this.#view.getInt8(at);
  }

  int16(at: number): number {
    this.require(at, 2, 'a value');
    return this.#view.getInt16(at, true);
  }

  uint16(at: number): number {
    this.require(at, 2, 'a value');
    return this.#view.getUint16(at, true);
  }

  int32(at: number): number {
    this.require(at, 4, 'a value');
    return this.#view.getInt32(at, true);
  }

  uint32(at: number): number {
    this.require(at, 4, 'a value');
    return this.#view.getUint32(at, true);
  }

  int64(at: number): bigint {
    this.require(at, 8, 'a value');
    return this.#view.getBigInt64(at, true);
  }

  uint64(at: number): bigint {
    this.require(at, 8, 'a value');
    return this.#view.getBigUint64(at, true);
  }

  float32(at: number): number {
    this.require(at, 4, 'a value');
    return this.#view.getFloat32(at, true);
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes; beyond 2^53 it is too large for any use it could have here. */
  unsigned(at: number, widthBytes: 1 | 2 | 4 | 8): number {
    this.require(at, widthBytes, 'a value');
    if (widthBytes === 1) return this.#view.getUint8(at);
    if (widthBytes === 2) return this.#view.getUint16(at, true);
    return widthBytes === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true));
  }

  /** The whole window as text, without what a terminal must not see, and cut where it is endless. */
  text(): string {
    const { buffer, byteOffset } = this.#view;
    const taken = Math.min(this.length, 4 * MAX_TEXT);
    this.spend(1 + (taken >> 4));
    return safeText(Buffer.from(buffer, byteOffset, taken).toString('utf8'), MAX_TEXT);
  }

  /** Whether the ASCII text `text` stands at `at`. */
  holds(text: string, at: number): boolean {
    if (at < 0 || at + text.length > this.length) return false;
    for (let index = 0; index < text.length; index++) {
      if (this.#view.getUint8(at + index) !== text.charCodeAt(index)) return false;
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
    throw new ModelFormatError(problem, this.#fileOffset + Math.min(Math.max(at, 0), this.length));
  }
}
