import type { Chunk, FillChunk, RawChunk } from './chunk.js';
import { CHUNK_HEADER_BYTES, FILE_HEADER_BYTES, FILL_BYTES, payloadBytesOf } from './format.js';

/** What AOSP sets aside in each piece: its file header, a DONT_CARE before the rest of the image, and a CRC32 chunk. */
const OVERHEAD_BYTES = FILE_HEADER_BYTES + 2 * CHUNK_HEADER_BYTES + FILL_BYTES;

/** Keeps the memory of a plan flat whatever the image: a piece is ended before it has more chunks than this. */
const MAX_CHUNKS = 262_144;

/** One whole sparse file that holds a part of an image: DONT_CARE stands for what other pieces hold. */
export interface Piece {
  /** Without gaps from the first block of the image to its last. */
  readonly chunks: readonly Chunk[];
  /** Of the encoded file. */
  readonly sizeBytes: number;
}

export interface SplitOptions {
  readonly blockBytes: number;
  readonly totalBlocks: number;
  /** No piece is larger than this; at least `smallestLimit(blockBytes)`. */
  readonly limitBytes: number;
}

/** The least that one piece with one block in it takes. */
export function smallestLimit(blockBytes: number): number {
  return OVERHEAD_BYTES + 2 * CHUNK_HEADER_BYTES + Math.max(blockBytes, FILL_BYTES);
}

/** Splits an image by AOSP's rule (libsparse, move_chunks_up_to_len). `chunks` are without gaps, in order. */
export async function* split(chunks: AsyncIterable<Chunk>, options: SplitOptions): AsyncGenerator<Piece> {
  const splitter = new Splitter(options);
  for await (const chunk of chunks) yield* splitter.push(chunk);
  yield splitter.finish();
}

/** The rule itself: pieces come out as chunks go in. @throws RangeError if the limit is below `smallestLimit` */
export class Splitter {
  readonly #options: SplitOptions;
  readonly #budgetBytes: number;
  /** First block that no chunk has covered yet. */
  #block = 0;
  #piece: Chunk[] = [];
  /** Blocks that the chunks of the piece cover, from the start of the image. */
  #pieceBlocks = 0;
  /** What the chunks of the piece take, encoded. */
  #usedBytes = 0;

  constructor(options: SplitOptions) {
    if (options.limitBytes < smallestLimit(options.blockBytes)) throw new RangeError('No block fits into the limit.');
    this.#options = options;
    this.#budgetBytes = options.limitBytes - OVERHEAD_BYTES;
  }

  *push(chunk: Chunk): Generator<Piece> {
    let rest: Chunk | undefined = chunk;
    while (rest !== undefined && rest.kind !== 'skip') {
      const part = this.#fitting(rest);
      if (part > 0) this.#add({ ...rest, blocks: part });
      rest = part < rest.blocks ? this.#tail(rest, part) : undefined;
      if (rest !== undefined) yield this.finish();
    }
    if (rest !== undefined) this.#block += rest.blocks;
  }

  /** The piece that is under way, whether or not it holds data. */
  finish(): Piece {
    const { totalBlocks } = this.#options;
    if (totalBlocks > this.#pieceBlocks) this.#append({ kind: 'skip', blocks: totalBlocks - this.#pieceBlocks });
    const piece = { chunks: this.#piece, sizeBytes: FILE_HEADER_BYTES + this.#usedBytes };
    this.#piece = [];
    this.#pieceBlocks = 0;
    this.#usedBytes = 0;
    return piece;
  }

  /** How many blocks of the chunk go into this piece. */
  #fitting(chunk: RawChunk | FillChunk): number {
    if (this.#piece.length >= MAX_CHUNKS) return 0;
    const gapBytes = this.#block > this.#pieceBlocks ? CHUNK_HEADER_BYTES : 0;
    const leftBytes = this.#budgetBytes - this.#usedBytes - gapBytes - CHUNK_HEADER_BYTES;
    if (chunk.kind === 'fill') return leftBytes >= FILL_BYTES ? chunk.blocks : 0;
    const { blockBytes } = this.#options;
    if (chunk.blocks * blockBytes <= leftBytes) return chunk.blocks;
    const worthSplitting = this.#usedBytes === 0 || leftBytes > this.#budgetBytes / 8;
    return worthSplitting ? Math.max(0, Math.floor(leftBytes / blockBytes)) : 0;
  }

  #tail(chunk: RawChunk | FillChunk, blocks: number): Chunk {
    const rest = { ...chunk, blocks: chunk.blocks - blocks };
    return rest.kind === 'raw' ? { ...rest, sourceBytes: rest.sourceBytes + blocks * this.#options.blockBytes } : rest;
  }

  #add(chunk: Chunk): void {
    if (this.#block > this.#pieceBlocks) this.#append({ kind: 'skip', blocks: this.#block - this.#pieceBlocks });
    this.#append(chunk);
    this.#block += chunk.blocks;
  }

  #append(chunk: Chunk): void {
    this.#piece.push(chunk);
    this.#pieceBlocks += chunk.blocks;
    this.#usedBytes += encodedBytes(chunk, this.#options.blockBytes);
  }
}

/** Length of a chunk with its header, in bytes. */
function encodedBytes(chunk: Chunk, blockBytes: number): number {
  return CHUNK_HEADER_BYTES + payloadBytesOf(chunk.kind, chunk.blocks * blockBytes);
}
