import { archiveOf, isWebPage } from '../fastboot/image/archive.js';
import { hasSparseMagic } from '../fastboot/sparse/format.js';

/** What an image turns out to be by its first bytes. */
export const IMAGE_KINDS = [
  'bootloader',
  'partition table',
  'sparse image',
  'ext file system',
  'FAT file system',
  'archive',
  'web page',
] as const;

export type ImageKind = (typeof IMAGE_KINDS)[number];

/** How much of the beginning `detectKind` looks at, in bytes. */
export const HEAD_BYTES = 4096;

const SECTOR_BYTES = 512;

/**
 * The kind of an image, or undefined if it is none that is known. Magic numbers: i.MX 8M reference manual (image vector
 * table, tag D1, length 32, version 4x), UEFI (EFI PART in the second sector), ext4 (EF53 at 1080), FAT (55AA and the
 * name of the type); archives and web pages are what is mistaken for images.
 */
export function detectKind(head: Buffer): ImageKind | undefined {
  const has = (at: number, text: string): boolean => head.toString('latin1', at, at + text.length) === text;
  if (hasSparseMagic(head)) return 'sparse image';
  if (has(SECTOR_BYTES, 'EFI PART')) return 'partition table';
  if (head.length > 4 && head.readUInt32BE(0) >>> 4 === 0xd100204) return 'bootloader';
  if (head.length > 1082 && head.readUInt16LE(1080) === 0xef53) return 'ext file system';
  if (has(510, 'U\xaa') && (has(54, 'FAT') || has(82, 'FAT32'))) return 'FAT file system';
  if (archiveOf(head) !== undefined) return 'archive';
  return isWebPage(head) ? 'web page' : undefined;
}
