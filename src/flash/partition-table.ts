import { safeText } from '../device/board-text.js';
import { ImageError } from '../fastboot/image/image.js';
import { SECTOR_BYTES } from '../formats/gpt/layout.js';
import { readGpt, type GptProblem } from '../formats/gpt/read.js';

/** A partition of an image, in bytes from the start of the disk. */
export interface Partition {
  readonly name: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
}

export interface PartitionTable {
  readonly partitions: readonly Partition[];
  /** What the disk has to hold at least: up to the second copy of the table and to the end of the last partition. */
  readonly diskBytes: number;
}

/** Longest partition table that makes sense: protective MBR, header and entries of both copies are 33 KB. */
export const MAX_TABLE_BYTES = 1024 * 1024;

const PROBLEMS: Record<GptProblem, string> = {
  'no-table': 'it is not a partition table',
  'cut-off': 'its partition table ends before its last entry',
  'wrong-checksum': 'the checksum of its partition table is wrong',
};

/** Reads the partition table that `bytes` begins with. @throws ImageError if it is none or damaged */
export function readPartitionTable(bytes: Buffer, imageName: string): PartitionTable {
  const table = readGpt(bytes);
  if (typeof table === 'string') throw damaged(imageName, PROBLEMS[table]);
  const partitions = table.partitions.map(({ name, firstSector, lastSector }) => ({
    name: safeText(name, 36),
    startBytes: firstSector * SECTOR_BYTES,
    sizeBytes: (lastSector - firstSector + 1) * SECTOR_BYTES,
  }));
  if (partitions.some(({ sizeBytes }) => sizeBytes <= 0)) {
    throw damaged(imageName, 'one of its partitions ends before it begins');
  }
  const ends = partitions.map(({ startBytes, sizeBytes }) => startBytes + sizeBytes);
  return { partitions, diskBytes: Math.max((table.otherSector + 1) * SECTOR_BYTES, ...ends) };
}

function damaged(imageName: string, problem: string): ImageError {
  return new ImageError(imageName, problem, { hint: 'Download the images again.' });
}
