import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/*
 * The GUID partition table (UEFI Specification 2.10, chapter 5), all numbers little endian:
 *
 *   sector 0        protective MBR: one entry of type 0xEE at byte 446
 *   sector 1        header: "EFI PART", 8 revision, 12 header size, 16 CRC32 of the header (this field as 0), 24 own
 *                   sector, 32 sector of the other header, 40 first and 48 last usable sector, 56 GUID of the disk,
 *                   72 sector of the entries, 80 their number, 84 size of one, 88 CRC32 of all
 *   sectors 2-33    128 entries of 128 bytes: 0 type, 16 own GUID, 32 first and 40 last sector, 48 attributes, 56 name
 *   the last 33     the same entries, and behind them a header with the places exchanged
 */

export const SECTOR_BYTES = 512;
/** MBR, header and entries: what stands in front of the first partition. */
export const HEAD_SECTORS = 34;
export const HEAD_BYTES = HEAD_SECTORS * SECTOR_BYTES;
/** Entries and header at the end of the disk. */
export const BACKUP_SECTORS = 33;

const ENTRY_BYTES = 128;
const ENTRY_COUNT = 128;
const ENTRIES_SECTOR = 2;
const ENTRIES_BYTES = ENTRY_COUNT * ENTRY_BYTES;
const HEADER_BYTES = 92;
const SIGNATURE = 'EFI PART';
const MBR_ENTRY = 446;
const LINUX_DATA = guid('0fc63daf-8483-4772-8e79-3d69d8477de4');

export interface GptPartition {
  readonly name: string;
  readonly firstSector: number;
  readonly lastSector: number;
}

/** The partitions of a table in its order; undefined if its first 34 sectors are not a valid table of such a disk. */
export function readTable(head: Buffer, diskSectors: number): GptPartition[] | undefined {
  const header = headerOf(head);
  const entries = entriesOf(head);
  if (entries.length < ENTRIES_BYTES || !isValidHeader(header, 1) || header.readBigUInt64LE(72) !== 2n)
    return undefined;
  if (header.readUInt32LE(88) !== crc32(entries)) return undefined;
  const lastUsable = sectorAt(header, 48);
  if (lastUsable >= diskSectors) return undefined;
  const partitions = partitionsOf(entries);
  const fits = partitions.every(
    ({ firstSector, lastSector }) =>
      firstSector >= sectorAt(header, 40) && firstSector <= lastSector && lastSector <= lastUsable,
  );
  return fits ? partitions : undefined;
}

/** The first 34 sectors as they would be if the table at the end of the disk were the only one; for `readTable`. */
export function headFromBackup(backup: Buffer, diskSectors: number): Buffer | undefined {
  const header = Buffer.from(backup.subarray((BACKUP_SECTORS - 1) * SECTOR_BYTES));
  if (!isValidHeader(header, diskSectors - 1)) return undefined;
  place(header, { own: 1, other: diskSectors - 1, entries: ENTRIES_SECTOR });
  return Buffer.concat([Buffer.alloc(SECTOR_BYTES), header, backup.subarray(0, ENTRIES_BYTES)]);
}

/**
 * A valid table for a disk of this size: one that was made for a smaller disk learns where this one ends, so that its
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

/** A new table; its GUIDs come from `seed`, so that the same board gets the same. */
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

function isValidHeader(header: Buffer, ownSector: number): boolean {
  if (header.length < SECTOR_BYTES || header.toString('latin1', 0, 8) !== SIGNATURE) return false;
  const sizeBytes = header.readUInt32LE(12);
  return (
    sizeBytes >= HEADER_BYTES &&
    sizeBytes <= SECTOR_BYTES &&
    header.readUInt32LE(16) === headerChecksum(header) &&
    sectorAt(header, 24) === ownSector &&
    header.readUInt32LE(80) === ENTRY_COUNT &&
    header.readUInt32LE(84) === ENTRY_BYTES
  );
}

function headerChecksum(header: Buffer): number {
  const bytes = Buffer.from(header.subarray(0, header.readUInt32LE(12)));
  bytes.writeUInt32LE(0, 16);
  return crc32(bytes);
}

/** Says where a header stands and where the rest is, and makes its checksum right. */
function place(
  header: Buffer,
  sectors: { readonly own: number; readonly other: number; readonly entries: number },
): void {
  header.writeBigUInt64LE(BigInt(sectors.own), 24);
  header.writeBigUInt64LE(BigInt(sectors.other), 32);
  header.writeBigUInt64LE(BigInt(sectors.entries), 72);
  header.writeUInt32LE(headerChecksum(header), 16);
}

function partitionsOf(entries: Buffer): GptPartition[] {
  const partitions: GptPartition[] = [];
  for (let start = 0; start < ENTRIES_BYTES; start += ENTRY_BYTES) {
    const entry = entries.subarray(start, start + ENTRY_BYTES);
    if (entry.subarray(0, 16).every(byte => byte === 0)) continue;
    const name = entry.toString('utf16le', 56, ENTRY_BYTES).replace(/\0.*$/s, '');
    partitions.push({ name, firstSector: sectorAt(entry, 32), lastSector: sectorAt(entry, 40) });
  }
  return partitions;
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

function headerOf(head: Buffer): Buffer {
  return head.subarray(SECTOR_BYTES, 2 * SECTOR_BYTES);
}

function entriesOf(head: Buffer): Buffer {
  return head.subarray(ENTRIES_SECTOR * SECTOR_BYTES, ENTRIES_SECTOR * SECTOR_BYTES + ENTRIES_BYTES);
}

/** Numbers that no disk has become ones that no disk has either. */
function sectorAt(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset));
}

function seededGuid(seed: string): Buffer {
  const bytes = createHash('sha256').update(seed).digest().subarray(0, 16);
  bytes[7] = ((bytes[7] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

/** The first three groups of a GUID are numbers, which stand in little endian. */
function guid(text: string): Buffer {
  const [a = '', b = '', c = '', ...rest] = text.split('-');
  const reversed = [a, b, c].map(group => Buffer.from(group, 'hex').reverse());
  return Buffer.concat([...reversed, Buffer.from(rest.join(''), 'hex')]);
}
