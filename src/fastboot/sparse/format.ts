/**
 * The layout of Android sparse images, version 1.0, little endian; from AOSP's libsparse/sparse_format.h.
 *
 * File header, 28 bytes: u32 magic, u16 major, u16 minor, u16 size of this header, u16 size of a chunk header,
 * u32 block size in bytes, u32 blocks of the whole image, u32 chunks, u32 checksum (0: none).
 *
 * Chunk header, 12 bytes: u16 type, u16 reserved, u32 blocks that it covers, u32 bytes with this header.
 * RAW is followed by blocks x block size bytes, FILL by one u32 that is repeated, DONT_CARE by nothing and leaves what
 * is there, CRC32 by the checksum of all before it.
 */
export const SPARSE_MAGIC = 0xed26ff3a;
export const FILE_HEADER_BYTES = 28;
export const CHUNK_HEADER_BYTES = 12;
export const FILL_BYTES = 4;

export const CHUNK_TYPES = { raw: 0xcac1, fill: 0xcac2, skip: 0xcac3, crc: 0xcac4 } as const;
export type ChunkKind = keyof typeof CHUNK_TYPES;

export interface SparseHeader {
  readonly blockBytes: number;
  readonly totalBlocks: number;
  readonly totalChunks: number;
}

/** A file header as it stands in a file, not yet believed. */
export interface RawSparseHeader extends SparseHeader {
  readonly magic: number;
  readonly major: number;
  readonly fileHeaderBytes: number;
  readonly chunkHeaderBytes: number;
}

export interface ChunkHeader {
  readonly kind: ChunkKind;
  readonly blocks: number;
  /** What follows the header, in bytes. */
  readonly payloadBytes: number;
}

/** A chunk header as it stands in a file, not yet believed. */
export interface RawChunkHeader {
  readonly type: number;
  readonly blocks: number;
  /** With the header itself. */
  readonly totalBytes: number;
}

/** `bytes` are the first 28 of a file. */
export function decodeFileHeader(bytes: Buffer): RawSparseHeader {
  return {
    magic: bytes.readUInt32LE(0),
    major: bytes.readUInt16LE(4),
    fileHeaderBytes: bytes.readUInt16LE(8),
    chunkHeaderBytes: bytes.readUInt16LE(10),
    blockBytes: bytes.readUInt32LE(12),
    totalBlocks: bytes.readUInt32LE(16),
    totalChunks: bytes.readUInt32LE(20),
  };
}

export function encodeFileHeader(header: SparseHeader): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  bytes.writeUInt32LE(SPARSE_MAGIC, 0);
  bytes.writeUInt16LE(1, 4);
  bytes.writeUInt16LE(FILE_HEADER_BYTES, 8);
  bytes.writeUInt16LE(CHUNK_HEADER_BYTES, 10);
  bytes.writeUInt32LE(header.blockBytes, 12);
  bytes.writeUInt32LE(header.totalBlocks, 16);
  bytes.writeUInt32LE(header.totalChunks, 20);
  return bytes;
}

export function decodeChunkHeader(bytes: Buffer): RawChunkHeader {
  return { type: bytes.readUInt16LE(0), blocks: bytes.readUInt32LE(4), totalBytes: bytes.readUInt32LE(8) };
}

export function encodeChunkHeader(header: ChunkHeader): Buffer {
  const bytes = Buffer.alloc(CHUNK_HEADER_BYTES);
  bytes.writeUInt16LE(CHUNK_TYPES[header.kind], 0);
  bytes.writeUInt32LE(header.blocks, 4);
  bytes.writeUInt32LE(CHUNK_HEADER_BYTES + header.payloadBytes, 8);
  return bytes;
}

/** What has to follow the header of a chunk that covers `coveredBytes`. */
export function payloadBytesOf(kind: ChunkKind, coveredBytes: number): number {
  return { raw: coveredBytes, fill: FILL_BYTES, skip: 0, crc: FILL_BYTES }[kind];
}

/** Whether an image that begins with `bytes` says that it is sparse. */
export function hasSparseMagic(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32LE(0) === SPARSE_MAGIC;
}
