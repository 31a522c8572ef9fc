import { crc32 } from 'node:zlib';
import { safeText } from '../device/board-text.js';
import { ImageError } from '../fastboot/image/image.js';

/*
 * GUID partition table, UEFI specification 2.10 section 5.3, little endian. Sector 0: protective MBR. Sector 1, the
 * header: 0 signature `EFI PART`, 12 u32 header size, 16 u32 CRC-32 of the header with this field as zero, 32 u64
 * sector of the other copy, 72 u64 first sector of the entries, 80 u32 number of entries, 84 u32 size of one, 88 u32
 * CRC-32 of the entries. An entry: 0 type (zeros: unused), 32 u64 first sector, 40 u64 last sector, 56 name in UTF-16.
 */
const SECTOR_BYTES = 512;
const HEADER_BYTES = 92;
const ENTRY_BYTES = 128;
const NAME_BYTES = 72;
const MAX_ENTRIES = 1024;

export interface GptPartition {
  readonly name: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
}

export interface PartitionTable {
  readonly partitions: readonly GptPartition[];
  /** What the disk has to hold at least: up to the second copy of the table and to the end of the last partition. */
  readonly diskBytes: number;
}

/** Longest partition table that makes sense: protective MBR, header and entries of both copies are 33 KB. */
export const MAX_TABLE_BYTES = 1024 * 1024;

/** Reads the partition table that `bytes` begins with. @throws ImageError if it is none or damaged */
export function readPartitionTable(bytes: Buffer, imageName: string): PartitionTable {
  const fail = (problem: string): ImageError =>
    new ImageError(imageName, problem, { hint: 'Download the images again.' });
  const header = bytes.subarray(SECTOR_BYTES, SECTOR_BYTES + HEADER_BYTES);
  if (header.toString('latin1', 0, 8) !== 'EFI PART' || header.length < HEADER_BYTES) {
    throw fail('it is no partition table');
  }
  const [count, sizeBytes] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  const start = Number(header.readBigUInt64LE(72)) * SECTOR_BYTES;
  const entries = bytes.subarray(start, start + count * sizeBytes);
  if (sizeBytes < ENTRY_BYTES || count > MAX_ENTRIES || entries.length < count * sizeBytes) {
    throw fail('its partition table ends before its last entry');
  }
  if (!hasValidHeader(bytes, header) || crc32(entries) !== header.readUInt32LE(88)) {
    throw fail('the checksum of its partition table is wrong');
  }
  const partitions = Array.from({ length: count }, (_, index) =>
    readEntry(entries.subarray(index * sizeBytes, index * sizeBytes + ENTRY_BYTES)),
  ).filter(partition => partition !== undefined);
  if (partitions.some(({ sizeBytes: size }) => size <= 0)) throw fail('one of its partitions ends before it begins');
  const otherCopyBytes = (Number(header.readBigUInt64LE(32)) + 1) * SECTOR_BYTES;
  const ends = partitions.map(partition => partition.startBytes + partition.sizeBytes);
  return { partitions, diskBytes: Math.max(otherCopyBytes, ...ends) };
}

function hasValidHeader(bytes: Buffer, header: Buffer): boolean {
  const lengthBytes = header.readUInt32LE(12);
  if (lengthBytes < HEADER_BYTES || lengthBytes > SECTOR_BYTES) return false;
  const copy = Buffer.from(bytes.subarray(SECTOR_BYTES, SECTOR_BYTES + lengthBytes));
  copy.writeUInt32LE(0, 16);
  return crc32(copy) === header.readUInt32LE(16);
}

function readEntry(entry: Buffer): GptPartition | undefined {
  if (entry.subarray(0, 16).every(byte => byte === 0)) return undefined;
  const [first, last] = [Number(entry.readBigUInt64LE(32)), Number(entry.readBigUInt64LE(40))];
  const name = entry.toString('utf16le', 56, 56 + NAME_BYTES).replace(/\0.*$/s, '');
  return {
    name: safeText(name, 36),
    startBytes: first * SECTOR_BYTES,
    sizeBytes: (last - first + 1) * SECTOR_BYTES,
  };
}
