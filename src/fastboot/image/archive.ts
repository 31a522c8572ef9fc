import { ImageError, type Image } from './image.js';

/** What an archive or a packed file is, by its first bytes, and the command that unpacks it. */
export interface Archive {
  /** As people call it: `xz`, `zip`. */
  readonly name: string;
  /** A command line for the shell. */
  unpackWith(file: string): string;
}

interface Format {
  readonly name: string;
  readonly magic: string;
  /** Where the magic number is; default 0. */
  readonly at?: number;
  readonly command: string;
}

/**
 * Magic numbers: RFC 1952 (gzip), RFC 8878 (Zstandard), the .xz file format 1.2, APPNOTE.TXT (zip), 7zFormat.txt, and
 * POSIX.1-1988 (ustar).
 */
const FORMATS: readonly Format[] = [
  { name: 'gzip', magic: '\x1f\x8b', command: 'gunzip --keep' },
  { name: 'xz', magic: '\xfd7zXZ\0', command: 'unxz --keep' },
  { name: 'zstd', magic: '\x28\xb5\x2f\xfd', command: 'unzstd' },
  { name: 'bzip2', magic: 'BZh', command: 'bunzip2 --keep' },
  { name: 'zip', magic: 'PK\x03\x04', command: 'unzip' },
  { name: '7z', magic: '7z\xbc\xaf\x27\x1c', command: '7z x' },
  { name: 'tar', magic: 'ustar', at: 257, command: 'tar -xf' },
];

/** How many of the first bytes `archiveOf` looks at. */
export const ARCHIVE_HEAD_BYTES = 512;

/** The archive that a file is; undefined if it is none that is known. The name tells a packed tar from a packed image. */
export function archiveOf(head: Buffer, fileName = ''): Archive | undefined {
  const found = FORMATS.find(({ magic, at = 0 }) => head.toString('latin1', at, at + magic.length) === magic);
  if (found === undefined) return undefined;
  const isTar = /\.(?:tar(?:\.\w+)?|t[gxb]z)$/i.test(fileName);
  const { name, command } = isTar ? { name: 'tar', command: 'tar -xf' } : found;
  return { name, unpackWith: file => `${command} ${quoted(file)}` };
}

/** Whether a file is a page that a browser saved in place of the download. */
export function isWebPage(head: Buffer): boolean {
  return /^\s*<(?:!doctype|html|\?xml)/i.test(head.toString('latin1', 0, 64));
}

/** @throws ImageError for an archive or a web page, which nobody means to write to a partition */
export async function refuseArchive(image: Image, path: string): Promise<void> {
  const head = Buffer.alloc(Math.min(ARCHIVE_HEAD_BYTES, image.sizeBytes));
  await using cursor = await image.open();
  await cursor.advance([head]);
  if (isWebPage(head)) {
    throw new ImageError(image.name, 'it is a web page', {
      hint: 'Download the image itself; --raw writes it as it is.',
    });
  }
  const archive = archiveOf(head, path);
  if (archive === undefined) return;
  throw new ImageError(image.name, `it is packed with ${archive.name}`, {
    hint: `Unpack it first: \`${archive.unpackWith(path)}\`; --raw writes it as it is.`,
  });
}

function quoted(file: string): string {
  return /^[\w./+:@%-]+$/.test(file) ? file : `'${file.replaceAll("'", String.raw`'\''`)}'`;
}
