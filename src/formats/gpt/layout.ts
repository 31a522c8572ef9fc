/*
 * The GUID partition table (UEFI Specification 2.10, chapter 5), all numbers little endian:
 *
 *   sector 0        protective MBR: one entry of type 0xEE at byte 446
 *   sector 1        header: "EFI PART", 8 revision, 12 header size, 16 CRC32 of the header (this field as 0), 24 own
 *                   sector, 32 sector of the other header, 40 first and 48 last usable sector, 56 GUID of the disk,
 *                   72 sector of the entries, 80 their number, 84 size of one, 88 CRC32 of all
 *   sectors 2-33    128 entries of 128 bytes: 0 type (zeros: unused), 16 own GUID, 32 first and 40 last sector,
 *                   48 attributes, 56 name in UTF-16
 *   the last 33     the same entries, and behind them a header with the places exchanged
 */

export const SECTOR_BYTES = 512;
/** MBR, header and entries: all that precedes the first partition. */
export const HEAD_SECTORS = 34;
export const HEAD_BYTES = HEAD_SECTORS * SECTOR_BYTES;
/** Entries and header at the end of the disk. */
export const BACKUP_SECTORS = 33;

export const SIGNATURE = 'EFI PART';
export const HEADER_BYTES = 92;
export const ENTRY_BYTES = 128;
export const ENTRY_COUNT = 128;
export const ENTRIES_SECTOR = 2;
export const ENTRIES_BYTES = ENTRY_COUNT * ENTRY_BYTES;

/** A partition, with its first and its last sector. */
export interface GptPartition {
  readonly name: string;
  readonly firstSector: number;
  readonly lastSector: number;
}

export function headerOf(head: Buffer): Buffer {
  return head.subarray(SECTOR_BYTES, 2 * SECTOR_BYTES);
}

/** A number larger than any disk stays one: precision does not matter there. */
export function sectorAt(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset));
}
