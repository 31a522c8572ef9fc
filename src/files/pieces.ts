import { ProtocolError } from '../errors.js';
import type { ByteReader } from './byte-reader.js';
import { tarPadding } from './tar.js';
import { CutOffError, TarReader } from './tar-reader.js';

/** Part of the content of a file: bytes, or a hole, which is read as zeros. */
export type Piece = Buffer | { readonly holeBytes: number };

const ZEROS = Buffer.alloc(256 * 1024);
const CHUNK_BYTES = 256 * 1024;
/** A map with more entries than this is an attack or an accident. */
const MAX_STRETCHES = 1_000_000;
const MAX_NUMBER_LENGTH = 20;
const NEWLINE = 0x0a;

export function pieceBytes(piece: Piece): number {
  return Buffer.isBuffer(piece) ? piece.length : piece.holeBytes;
}

/** At most `bytes` of the piece. */
export function cutPiece(piece: Piece, bytes: number): Piece {
  return Buffer.isBuffer(piece) ? piece.subarray(0, bytes) : { holeBytes: Math.min(piece.holeBytes, bytes) };
}

/** The bytes of a piece, with zeros for a hole. */
export function* chunksOf(piece: Piece): Generator<Buffer> {
  if (Buffer.isBuffer(piece)) yield piece;
  else for (let left = piece.holeBytes; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left);
}

export async function* plainContent(bytes: ByteReader): AsyncGenerator<Piece> {
  for (let chunk = await bytes.some(CHUNK_BYTES); chunk; chunk = await bytes.some(CHUNK_BYTES)) yield chunk;
}

/**
 * The one file of an archive in the sparse format 1.0 of GNU tar (its manual, appendix "Storing Sparse Files"), or of an
 * ordinary one. @throws ProtocolError
 */
export async function* sparseContent(bytes: ByteReader): AsyncGenerator<Piece> {
  const archive = new TarReader(bytes);
  const header = await archive.next();
  if (!header) throw new CutOffError('A tar archive ends in the middle.');
  if (header.sparseSizeBytes === undefined) {
    for (let chunk = await archive.read(); chunk; chunk = await archive.read()) yield chunk;
  } else yield* stretches(archive, header.sparseSizeBytes);
  // tar fills its last record up; the channel closes only when that has been read too.
  while (await bytes.some(CHUNK_BYTES));
}

async function* stretches(archive: TarReader, sizeBytes: number): AsyncGenerator<Piece> {
  const content = new ContentReader(archive);
  const map = await readMap(content);
  let at = 0;
  for (const [offset, length] of map) {
    if (offset < at || offset + length > sizeBytes) throw malformed();
    if (offset > at) yield { holeBytes: offset - at };
    for (let left = length; left > 0;) {
      const chunk = await content.some(left);
      left -= chunk.length;
      yield chunk;
    }
    at = offset + length;
  }
  if (at < sizeBytes) yield { holeBytes: sizeBytes - at };
}

/** Decimal numbers, each on a line: how many stretches there are, then offset and length of each; padded to a block. */
async function readMap(content: ContentReader): Promise<[offset: number, length: number][]> {
  const count = await content.number();
  if (count > MAX_STRETCHES) throw malformed();
  const map: [number, number][] = [];
  while (map.length < count) map.push([await content.number(), await content.number()]);
  await content.skip(tarPadding(content.readBytes));
  return map;
}

/** Reads the content of the current entry of an archive in pieces of any size. */
class ContentReader {
  readBytes = 0;
  readonly #archive: TarReader;
  #held: Buffer = Buffer.alloc(0);

  constructor(archive: TarReader) {
    this.#archive = archive;
  }

  /** Up to `limit` bytes, at least one. @throws ProtocolError at the end */
  async some(limit: number): Promise<Buffer> {
    if (this.#held.length === 0) this.#held = (await this.#archive.read()) ?? Buffer.alloc(0);
    if (this.#held.length === 0) throw malformed();
    const taken = this.#held.subarray(0, limit);
    this.#held = this.#held.subarray(taken.length);
    this.readBytes += taken.length;
    return taken;
  }

  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0;) left -= (await this.some(left)).length;
  }

  async number(): Promise<number> {
    let digits = '';
    for (let byte = await this.#byte(); byte !== NEWLINE; byte = await this.#byte()) {
      digits += String.fromCharCode(byte);
      if (digits.length > MAX_NUMBER_LENGTH) throw malformed();
    }
    if (!/^\d+$/.test(digits) || !Number.isSafeInteger(Number(digits))) throw malformed();
    return Number(digits);
  }

  async #byte(): Promise<number> {
    return (await this.some(1))[0] ?? NEWLINE;
  }
}

function malformed(): ProtocolError {
  return new ProtocolError('A tar archive holds a map of holes that is no such map.');
}
