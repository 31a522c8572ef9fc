import { ImageError, type Image, type ImageCursor } from '../image/image.js';
import type { Chunk, ChunkMap } from './chunk.js';
import {
  CHUNK_HEADER_BYTES,
  CHUNK_TYPES,
  decodeChunkHeader,
  decodeFileHeader,
  FILE_HEADER_BYTES,
  FILL_BYTES,
  hasSparseMagic,
  payloadBytesOf,
  type ChunkHeader,
  type ChunkKind,
  type RawChunkHeader,
  type RawSparseHeader,
} from './format.js';

/** Larger blocks than any writer makes; a bound for what a hostile header can ask for. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

/** Whether `image` is sparse, by its magic. */
export async function isSparseImage(image: Image): Promise<boolean> {
  if (image.sizeBytes < FILE_HEADER_BYTES) return false;
  await using cursor = await image.open();
  const magic = Buffer.alloc(4);
  await cursor.advance([magic]);
  return hasSparseMagic(magic);
}

/** A sparse image whose header has been checked; its chunks are checked as they are read. */
export interface SparseImage extends ChunkMap {
  readonly header: RawSparseHeader;
  /**
   * The chunks, without those that cover nothing and without CRC32 chunks, which bootloaders cannot take.
   * @throws ImageError at the first chunk that does not fit what it or the file header says, and at the end if the
   * chunks do not add up
   */
  chunks(): AsyncIterable<Chunk>;
}

/** Reads the file header. @throws ImageError if it is not one that version 1 of the format allows */
export async function readSparseImage(image: Image): Promise<SparseImage> {
  await using cursor = await image.open();
  const header = await readHeader(image, cursor);
  return {
    header,
    blockBytes: header.blockBytes,
    totalBlocks: header.totalBlocks,
    chunks: () => readChunks(image, header),
  };
}

async function readHeader(image: Image, cursor: ImageCursor): Promise<RawSparseHeader> {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  await cursor.advance([bytes]);
  const header = decodeFileHeader(bytes);
  const problem = headerProblem(header, bytes);
  if (problem !== undefined) throw damaged(image, problem, { ...header });
  return header;
}

function headerProblem(header: RawSparseHeader, bytes: Buffer): string | undefined {
  const { major, fileHeaderBytes, chunkHeaderBytes, blockBytes } = header;
  if (!hasSparseMagic(bytes)) return 'it is not a sparse image';
  if (major !== 1) return `it is sparse format version ${String(major)}, and only version 1 is known`;
  if (fileHeaderBytes < FILE_HEADER_BYTES || chunkHeaderBytes < CHUNK_HEADER_BYTES) return 'its headers are too short';
  if (blockBytes === 0 || blockBytes % 4 !== 0 || blockBytes > MAX_BLOCK_BYTES) {
    return `its block size of ${String(blockBytes)} bytes is impossible`;
  }
  return undefined;
}

/** The chunks of an image with this header, checked as they are read; see SparseImage. */
export async function* readChunks(image: Image, header: RawSparseHeader): AsyncGenerator<Chunk> {
  await using cursor = await image.open();
  const bytes = Buffer.alloc(CHUNK_HEADER_BYTES);
  const word = Buffer.alloc(FILL_BYTES);
  const longerBytes = header.chunkHeaderBytes - CHUNK_HEADER_BYTES;
  let positionBytes = header.fileHeaderBytes;
  let coveredBlocks = 0;
  /** What lies between the last byte read and the next header. */
  let gapBytes = header.fileHeaderBytes;
  for (let index = 0; index < header.totalChunks; index++) {
    await cursor.advance([gapBytes, bytes]);
    const { kind, blocks, payloadBytes } = checkChunk(image, header, { index, raw: decodeChunkHeader(bytes) });
    positionBytes += header.chunkHeaderBytes;
    coveredBlocks += blocks;
    if (coveredBlocks > header.totalBlocks)
      throw damaged(image, 'its chunks cover more than its header says', { index });
    if (kind === 'fill') await cursor.advance([longerBytes, word]);
    gapBytes = kind === 'fill' ? 0 : longerBytes + payloadBytes;
    if (blocks > 0) yield chunkOf(kind, { blocks, sourceBytes: positionBytes, word: word.readUInt32LE(0) });
    positionBytes += payloadBytes;
  }
  await cursor.advance([gapBytes]);
  if (coveredBlocks !== header.totalBlocks) {
    throw damaged(image, 'its chunks cover less than its header says', { coveredBlocks, ...header });
  }
}

function chunkOf(kind: ChunkKind, facts: { blocks: number; sourceBytes: number; word: number }): Chunk {
  const { blocks, sourceBytes, word } = facts;
  if (kind === 'raw') return { kind, blocks, sourceBytes };
  return kind === 'fill' ? { kind, blocks, word } : { kind: 'skip', blocks };
}

const KIND_OF_TYPE = new Map<number, ChunkKind>(
  (Object.keys(CHUNK_TYPES) as ChunkKind[]).map(kind => [CHUNK_TYPES[kind], kind]),
);

function checkChunk(image: Image, header: RawSparseHeader, chunk: { index: number; raw: RawChunkHeader }): ChunkHeader {
  const { index, raw } = chunk;
  const kind = KIND_OF_TYPE.get(raw.type);
  if (kind === undefined) {
    throw damaged(image, `its chunk ${String(index)} is of an unknown type`, { index, ...raw });
  }
  const payloadBytes = raw.totalBytes - header.chunkHeaderBytes;
  const fits = payloadBytes === payloadBytesOf(kind, raw.blocks * header.blockBytes);
  if (!fits || (kind === 'crc' && raw.blocks !== 0)) {
    throw damaged(image, `its chunk ${String(index)} has a size that does not fit its type`, { index, ...raw });
  }
  return { kind, blocks: raw.blocks, payloadBytes };
}

function damaged(image: Image, problem: string, facts: Record<string, unknown>): ImageError {
  return new ImageError(image.name, problem, { hint: 'Download or make the image again.', facts });
}
