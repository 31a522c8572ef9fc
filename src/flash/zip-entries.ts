import { ImageError } from '../fastboot/image/image.js';
import { safeText } from '../device/board-text.js';
import { MAX_IMAGE_BYTES } from './image-source.js';

/** What the central directory of a zip says of one entry. */
export interface ZipEntry {
  /** With folders, as it stands in the zip. */
  readonly fileName: string;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly compressionMethod: number;
  readonly externalFileAttributes: number;
  isEncrypted(): boolean;
}

/** Releases have about ten. */
export const MAX_ENTRIES = 10_000;
/** Deflate cannot do better (zlib manual, "maximum compression factor"). */
const MAX_RATIO = 1032;
const STORED = 0;
const DEFLATED = 8;
const FILE_TYPE_MASK = 0o170_000;
const SYMBOLIC_LINK = 0o120_000;

/** The path of an entry, folders parted by `/`; undefined for folders and for names that lead out of the zip. */
export function pathOf({ fileName }: ZipEntry): string | undefined {
  // Some tools for Windows write backslashes.
  const path = fileName.replaceAll('\\', '/').replace(/^(?:\.\/)+/, '');
  const leadsOut = /^\/|^[a-z]:|\0/i.test(path) || path.split('/').includes('..');
  return leadsOut || path === '' || path.endsWith('/') ? undefined : path;
}

/** @throws ImageError for an entry that cannot be read, or whose size cannot be */
export function checkEntry(zipName: string, entry: ZipEntry): void {
  const { compressedSize, uncompressedSize, compressionMethod } = entry;
  if (((entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK) === SYMBOLIC_LINK) {
    throw refused(zipName, entry, 'a link, not a file');
  }
  if (entry.isEncrypted()) throw refused(zipName, entry, 'encrypted');
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
    throw new ImageError(zipName, `its entry ${nameOf(entry)} is compressed by method ${String(compressionMethod)}`, {
      hint: `mdt reads deflate only: unpack the zip with \`7z x\`, and name the folder.`,
      facts: { fileName: entry.fileName },
    });
  }
  if (uncompressedSize > MAX_IMAGE_BYTES || uncompressedSize > MAX_RATIO * (compressedSize + 1)) {
    throw refused(zipName, entry, `said to be ${String(uncompressedSize)} bytes long, which cannot be`);
  }
}

function nameOf({ fileName }: ZipEntry): string {
  return safeText(fileName, 100);
}

/** What is wrong with an entry, as it reads after "is". */
export function refused(zipName: string, entry: ZipEntry, what: string): ImageError {
  return new ImageError(zipName, `its entry ${nameOf(entry)} is ${what}`, {
    hint: 'Download the zip again from the place of the release.',
    facts: { fileName: entry.fileName },
  });
}
