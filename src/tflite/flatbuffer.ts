import type { Span } from './span.js';

// FlatBuffers (flatbuffers.dev, "FlatBuffer Internals"):
//   start    uint32 offset of the root table, then four letters that identify the schema
//   table    int32 distance back to its vtable, then the fields
//   vtable   uint16 its own size, uint16 size of the table, then for each field a uint16 offset in the table, 0 if absent
//   vector   uint32 count, then the elements; a string is a vector of bytes
// Fields that hold tables, vectors and strings hold the uint32 distance forward to them.

/** Ends of a vector of a FlatBuffer: where its first element is, and how many there are. */
interface Vector {
  readonly start: number;
  readonly count: number;
}

/**
 * One table of a FlatBuffer, whose fields are read by their number in the schema. A field that the file does not have
 * reads as its default. @throws ModelFormatError from every read that leads outside of the buffer
 */
export class Table {
  readonly #span: Span;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableBytes: number;
  readonly #tableBytes: number;

  private constructor(span: Span, at: number) {
    span.spend();
    const vtable = at - span.int32(at);
    const vtableBytes = span.uint16(vtable);
    const tableBytes = span.uint16(vtable + 2);
    span.require(vtable, vtableBytes, 'the layout of a table');
    span.require(at, tableBytes, 'a table');
    if (vtableBytes < 4 || vtableBytes % 2 !== 0 || tableBytes < 4) span.fail('the layout of a table is damaged', at);
    this.#span = span;
    this.#at = at;
    this.#vtable = vtable;
    this.#vtableBytes = vtableBytes;
    this.#tableBytes = tableBytes;
  }

  static root(span: Span): Table {
    return new Table(span, span.uint32(0));
  }

  int8(field: number, absent = 0): number {
    const at = this.#place(field, 1);
    return at === undefined ? absent : this.#span.int8(at);
  }

  int16(field: number, absent = 0): number {
    const at = this.#place(field, 2);
    return at === undefined ? absent : this.#span.int16(at);
  }

  int32(field: number, absent = 0): number {
    const at = this.#place(field, 4);
    return at === undefined ? absent : this.#span.int32(at);
  }

  uint32(field: number, absent = 0): number {
    const at = this.#place(field, 4);
    return at === undefined ? absent : this.#span.uint32(at);
  }

  uint64(field: number): bigint {
    const at = this.#place(field, 8);
    return at === undefined ? 0n : this.#span.uint64(at);
  }

  text(field: number): string | undefined {
    return this.bytes(field)?.text();
  }

  /** The bytes of a string or of a vector of bytes. */
  bytes(field: number): Span | undefined {
    const vector = this.#vector(field, 1);
    return vector && this.#span.slice(vector.start, vector.count, 'a list of bytes');
  }

  table(field: number): Table | undefined {
    const at = this.#place(field, 4);
    return at === undefined ? undefined : new Table(this.#span, at + this.#span.uint32(at));
  }

  /** How many elements of `elementBytes` the vector has; 0 where there is none. */
  count(field: number, elementBytes: number): number {
    return this.#vector(field, elementBytes)?.count ?? 0;
  }

  tables(field: number): Table[] {
    return this.#elements(field, 4, (span, at) => new Table(span, at + span.uint32(at)));
  }

  int32s(field: number): number[] {
    return this.#elements(field, 4, (span, at) => span.int32(at));
  }

  int64s(field: number): bigint[] {
    return this.#elements(field, 8, (span, at) => span.int64(at));
  }

  float32s(field: number): number[] {
    return this.#elements(field, 4, (span, at) => span.float32(at));
  }

  /** A vector of strings, each as its bytes. */
  byteLists(field: number): Span[] {
    return this.#elements(field, 4, (span, at) => {
      const start = at + span.uint32(at);
      return span.slice(start + 4, span.uint32(start), 'a list of bytes');
    });
  }

  fail(problem: string): never {
    return this.#span.fail(problem, this.#at);
  }

  #elements<T>(field: number, elementBytes: number, read: (span: Span, at: number) => T): T[] {
    const vector = this.#vector(field, elementBytes);
    const elements: T[] = [];
    for (let index = 0; index < (vector?.count ?? 0); index++) {
      this.#span.spend();
      elements.push(read(this.#span, (vector?.start ?? 0) + index * elementBytes));
    }
    return elements;
  }

  #vector(field: number, elementBytes: number): Vector | undefined {
    const at = this.#place(field, 4);
    if (at === undefined) return undefined;
    const start = at + this.#span.uint32(at);
    const count = this.#span.uint32(start);
    this.#span.require(start + 4, count * elementBytes, 'a list');
    return { start: start + 4, count };
  }

  /** Where the field is, or undefined where the table has none. */
  #place(field: number, sizeBytes: number): number | undefined {
    const entry = 4 + 2 * field;
    if (entry + 2 > this.#vtableBytes) return undefined;
    const offset = this.#span.uint16(this.#vtable + entry);
    if (offset === 0) return undefined;
    if (offset < 4 || offset + sizeBytes > this.#tableBytes) this.fail('a field lies outside of its table');
    return this.#at + offset;
  }
}
