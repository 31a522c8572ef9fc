import type { Image, ImageCursor, Step } from '../image/image.js';
import { fillPackets, readAhead, type Payload } from '../payload.js';
import type { Run, Skip } from './chunk.js';
import { encodeChunkHeader, encodeFileHeader, FILL_BYTES, payloadBytesOf } from './format.js';
import type { Piece } from './split.js';

export interface EncodeOptions {
  readonly blockBytes: number;
  readonly totalBlocks: number;
}

/** The sparse file of one piece; its data is read from `image` while it is sent. */
export function encodePiece(image: Image, piece: Piece, options: EncodeOptions): Payload {
  return {
    sizeBytes: piece.sizeBytes,
    packets: packetBytes => {
      const parts = new PartReader(encodeParts(piece, options));
      const packing = { image, sizeBytes: piece.sizeBytes, packetBytes };
      return readAhead(fillPackets(packing, (cursor, target) => parts.fill(cursor, target)));
    },
  };
}

/** What a sparse file is made of: bytes of its own, and stretches of the source. */
type Part = Buffer | { readonly sourceBytes: number; readonly lengthBytes: number };

function* encodeParts(piece: Piece, options: EncodeOptions): Generator<Part> {
  const { blockBytes, totalBlocks } = options;
  yield encodeFileHeader({ blockBytes, totalBlocks, totalChunks: piece.chunks.length });
  for (const chunk of piece.chunks) {
    yield encodeChunk(chunk, blockBytes);
    if (chunk.kind === 'raw') yield { sourceBytes: chunk.sourceBytes, lengthBytes: chunk.blocks * blockBytes };
  }
}

/** The header of a chunk, with the word of a FILL. */
export function encodeChunk(chunk: Run | Skip, blockBytes: number): Buffer {
  const { kind, blocks } = chunk;
  const header = encodeChunkHeader({ kind, blocks, payloadBytes: payloadBytesOf(kind, blocks * blockBytes) });
  if (kind !== 'fill') return header;
  const word = Buffer.alloc(FILL_BYTES);
  word.writeUInt32LE(chunk.word);
  return Buffer.concat([header, word]);
}

/** Lays parts end to end into targets of any size, reading stretches of the source straight to where they belong. */
class PartReader {
  readonly #parts: Iterator<Part>;
  #part: Part = Buffer.alloc(0);
  /** Where the cursor stands in the source. */
  #positionBytes = 0;

  constructor(parts: Iterator<Part>) {
    this.#parts = parts;
  }

  async fill(cursor: ImageCursor, target: Buffer): Promise<void> {
    const steps: Step[] = [];
    for (let filled = 0; filled < target.length;) {
      const lengthBytes = Math.min(lengthOf(this.#part), target.length - filled);
      if (lengthBytes === 0) this.#part = this.#next();
      else steps.push(...this.#place(target.subarray(filled, filled + lengthBytes)));
      filled += lengthBytes;
    }
    await cursor.advance(steps);
  }

  /** Fills `target` with the part under way, or says by which steps of the source it is filled. */
  #place(target: Buffer): Step[] {
    const part = this.#part;
    if (Buffer.isBuffer(part)) {
      part.copy(target, 0, 0, target.length);
      this.#part = part.subarray(target.length);
      return [];
    }
    const gapBytes = part.sourceBytes - this.#positionBytes;
    this.#positionBytes = part.sourceBytes + target.length;
    this.#part = { sourceBytes: this.#positionBytes, lengthBytes: part.lengthBytes - target.length };
    return gapBytes > 0 ? [gapBytes, target] : [target];
  }

  #next(): Part {
    const next = this.#parts.next();
    if (next.done === true) throw new Error('A piece is shorter than it was planned.');
    return next.value;
  }
}

function lengthOf(part: Part): number {
  return Buffer.isBuffer(part) ? part.length : part.lengthBytes;
}
