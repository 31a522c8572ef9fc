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

/**
 * The files of a zip by name, without the folder that all of them are in; what lies in folders beside is left out.
 * @throws ImageError for a zip that no release tool makes: two entries of one name, links, encryption, sizes that
 * cannot be, and names that lead out of it
 */
export function zipFiles<Entry extends ZipEntry>(
  zipName: string,
  entries: readonly Entry[],
): { files: Map<string, Entry>; folder?: string } {
  const byName = new Map<string, Entry>();
  for (const entry of entries) {
    checkEntry(zipName, entry);
    // Windows and macOS do not tell apart what differs in case alone.
    const key = entry.fileName.toLowerCase();
    if (byName.has(key)) throw refused(zipName, entry, 'there twice');
    byName.set(key, entry);
  }
  const folders = new Set(entries.map(({ fileName }) => /^[^/]*\//.exec(fileName)?.[0] ?? ''));
  const [only] = folders.size === 1 ? folders : [];
  const prefix = only ?? '';
  const files = new Map<string, Entry>();
  for (const entry of entries) {
    const name = entry.fileName.slice(prefix.length);
    if (name !== '' && !name.includes('/')) files.set(name, entry);
  }
  return { files, ...(prefix === '' ? {} : { folder: prefix.slice(0, -1) }) };
}

function checkEntry(zipName: string, entry: ZipEntry): void {
  const { fileName, compressedSize, uncompressedSize, compressionMethod } = entry;
  const segments = fileName.split('/');
  if (/^[/\\]|^[a-z]:|\\|\0/i.test(fileName) || segments.includes('..')) {
    throw refused(zipName, entry, 'a name that leads out of the zip');
  }
  if (((entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK) === SYMBOLIC_LINK) {
    throw refused(zipName, entry, 'a link, not a file');
  }
  if (entry.isEncrypted()) throw refused(zipName, entry, 'encrypted');
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
    throw refused(zipName, entry, `compressed by method ${String(compressionMethod)}, which is not deflate`);
  }
  if (uncompressedSize > MAX_IMAGE_BYTES || uncompressedSize > MAX_RATIO * (compressedSize + 1)) {
    throw refused(zipName, entry, `said to be ${String(uncompressedSize)} bytes long, which cannot be`);
  }
}

function refused(zipName: string, { fileName }: ZipEntry, what: string): ImageError {
  return new ImageError(zipName, `its entry ${safeText(fileName, 100)} is ${what}`, {
    hint: 'Download the zip again from the place of the release.',
    facts: { fileName },
  });
}
