import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  BACKUP_SECTORS,
  ENTRIES_BYTES,
  ENTRIES_SECTOR,
  ENTRY_BYTES,
  ENTRY_COUNT,
  HEAD_BYTES,
  HEAD_SECTORS,
  HEADER_BYTES,
  headerOf,
  sectorAt,
  SECTOR_BYTES,
  SIGNATURE,
  type GptPartition,
} from './layout.js';
import { hasRightChecksum, headerChecksum } from './read.js';

const MBR_ENTRY = 446;
const LINUX_DATA = guid('0fc63daf-8483-4772-8e79-3d69d8477de4');

/** A new table; its GUIDs come from `seed`, so that the same seed gives the same table. */
export function makeTable(partitions: readonly GptPartition[], diskSectors: number, seed: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  writeMbr(head, diskSectors);
  const entries = entriesOf(head);
  partitions.forEach(({ name, firstSector, lastSector }, index) => {
    const entry = entries.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
    LINUX_DATA.copy(entry, 0);
    seededGuid(`${seed} ${name}`).copy(entry, 16);
    entry.writeBigUInt64LE(BigInt(firstSector), 32);
    entry.writeBigUInt64LE(BigInt(lastSector), 40);
    entry.write(name, 56, 72, 'utf16le');
  });
  const header = headerOf(head);
  header.write(SIGNATURE, 0, 'latin1');
  header.writeUInt32LE(0x0001_0000, 8);
  header.writeUInt32LE(HEADER_BYTES, 12);
  header.writeBigUInt64LE(BigInt(HEAD_SECTORS), 40);
  header.writeBigUInt64LE(BigInt(diskSectors - BACKUP_SECTORS - 1), 48);
  seededGuid(seed).copy(header, 56);
  header.writeUInt32LE(ENTRY_COUNT, 80);
  header.writeUInt32LE(ENTRY_BYTES, 84);
  header.writeUInt32LE(crc32(entries), 88);
  place(header, { own: 1, other: diskSectors - 1, entries: ENTRIES_SECTOR });
  return head;
}

/**
 * A valid table for a disk of this size: one that was made for a smaller disk is told where this one ends, so that its
 * backup comes to stand there.
 */
export function fitTable(head: Buffer, diskSectors: number): Buffer {
  const fitted = Buffer.from(head.subarray(0, HEAD_BYTES));
  const header = headerOf(fitted);
  if (sectorAt(header, 32) === diskSectors - 1) return fitted;
  header.writeBigUInt64LE(BigInt(diskSectors - BACKUP_SECTORS - 1), 48);
  place(header, { own: 1, other: diskSectors - 1, entries: ENTRIES_SECTOR });
  if (fitted[MBR_ENTRY + 4] === 0xee) fitted.writeUInt32LE(mbrSectors(diskSectors), MBR_ENTRY + 12);
  return fitted;
}

/** What belongs at the end of the disk beside a table that fits it. */
export function backupOf(head: Buffer, diskSectors: number): Buffer {
  const header = Buffer.from(headerOf(head));
  place(header, { own: diskSectors - 1, other: 1, entries: diskSectors - BACKUP_SECTORS });
  return Buffer.concat([entriesOf(head), header]);
}

/** The head of the disk as its backup has it; undefined if the backup is damaged. */
export function headFromBackup(backup: Buffer, diskSectors: number): Buffer | undefined {
  const header = Buffer.from(backup.subarray((BACKUP_SECTORS - 1) * SECTOR_BYTES));
  const isHeader = header.length === SECTOR_BYTES && header.toString('latin1', 0, 8) === SIGNATURE;
  if (!isHeader || !hasRightChecksum(header) || sectorAt(header, 24) !== diskSectors - 1) return undefined;
  place(header, { own: 1, other: diskSectors - 1, entries: ENTRIES_SECTOR });
  return Buffer.concat([Buffer.alloc(SECTOR_BYTES), header, backup.subarray(0, ENTRIES_BYTES)]);
}

/** Writes where a header stands and where the rest is, and corrects its checksum. */
function place(
  header: Buffer,
  sectors: { readonly own: number; readonly other: number; readonly entries: number },
): void {
  header.writeBigUInt64LE(BigInt(sectors.own), 24);
  header.writeBigUInt64LE(BigInt(sectors.other), 32);
  header.writeBigUInt64LE(BigInt(sectors.entries), 72);
  header.writeUInt32LE(headerChecksum(header) ?? 0, 16);
}

function writeMbr(head: Buffer, diskSectors: number): void {
  head.set([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff], MBR_ENTRY);
  head.writeUInt32LE(1, MBR_ENTRY + 8);
  head.writeUInt32LE(mbrSectors(diskSectors), MBR_ENTRY + 12);
  head.writeUInt16LE(0xaa55, 510);
}

function mbrSectors(diskSectors: number): number {
  return Math.min(diskSectors - 1, 0xffff_ffff);
}

function entriesOf(head: Buffer): Buffer {
  return head.subarray(ENTRIES_SECTOR * SECTOR_BYTES, ENTRIES_SECTOR * SECTOR_BYTES + ENTRIES_BYTES);
}

function seededGuid(seed: string): Buffer {
  const bytes = createHash('sha256').update(seed).digest().subarray(0, 16);
  bytes[7] = ((bytes[7] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

/** The first three groups of a GUID are numbers in little endian. */
function guid(text: string): Buffer {
  const [a = '', b = '', c = '', ...rest] = text.split('-');
  const reversed = [a, b, c].map(group => Buffer.from(group, 'hex').reverse());
  return Buffer.concat([...reversed, Buffer.from(rest.join(''), 'hex')]);
}
