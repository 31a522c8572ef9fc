import { crc32 } from 'node:zlib';
import { ENTRY_BYTES, HEADER_BYTES, headerOf, sectorAt, SECTOR_BYTES, SIGNATURE, type GptPartition } from './layout.js';

/** More entries than this are an attack or an accident; tools make 128. */
const MAX_ENTRIES = 1024;

/** A header and its partitions, in the order of the table. */
export interface GptTable {
  /** Sector of this header, and that of the other copy. */
  readonly ownSector: number;
  readonly otherSector: number;
  readonly firstUsableSector: number;
  readonly lastUsableSector: number;
  readonly entriesSector: number;
  readonly entryCount: number;
  readonly entryBytes: number;
  readonly partitions: readonly GptPartition[];
}

/** Why bytes are not a partition table. */
export type GptProblem = 'no-table' | 'cut-off' | 'wrong-checksum';

/** Reads the partition table that `head` begins with: protective MBR, header, entries. Checks both checksums. */
export function readGpt(head: Buffer): GptTable | GptProblem {
  const header = headerOf(head);
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, 8) !== SIGNATURE) return 'no-table';
  const [entryCount, entryBytes] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  const entriesSector = sectorAt(header, 72);
  const start = entriesSector * SECTOR_BYTES;
  const entries = head.subarray(start, start + entryCount * entryBytes);
  if (entryBytes < ENTRY_BYTES || entryCount > MAX_ENTRIES || entries.length < entryCount * entryBytes)
    return 'cut-off';
  if (!hasRightChecksum(header) || crc32(entries) !== header.readUInt32LE(88)) return 'wrong-checksum';
  const partitions = Array.from({ length: entryCount }, (_, index) => readEntry(entries.subarray(index * entryBytes)));
  return {
    ownSector: sectorAt(header, 24),
    otherSector: sectorAt(header, 32),
    firstUsableSector: sectorAt(header, 40),
    lastUsableSector: sectorAt(header, 48),
    ...{ entriesSector, entryCount, entryBytes },
    partitions: partitions.filter(partition => partition !== undefined),
  };
}

/** Whether a header (a sector, or as much of one as there is) has the checksum that it says. */
export function hasRightChecksum(header: Buffer): boolean {
  return header.readUInt32LE(16) === headerChecksum(header);
}

/** CRC-32 of a header; undefined if the header states a size that it cannot have. */
export function headerChecksum(header: Buffer): number | undefined {
  const sizeBytes = header.readUInt32LE(12);
  if (sizeBytes < HEADER_BYTES || sizeBytes > header.length) return undefined;
  const bytes = Buffer.from(header.subarray(0, sizeBytes));
  bytes.writeUInt32LE(0, 16);
  return crc32(bytes);
}

function readEntry(entry: Buffer): GptPartition | undefined {
  if (entry.subarray(0, 16).every(byte => byte === 0)) return undefined;
  const name = entry.toString('utf16le', 56, ENTRY_BYTES).replace(/\0.*$/s, '');
  return { name, firstSector: sectorAt(entry, 32), lastSector: sectorAt(entry, 40) };
}
