import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { safeText } from '../device/board-text.js';
import { systemReason } from '../host/system-error.js';
import { FileError } from '../errors.js';
import { archiveOf, isWebPage, type Archive } from '../fastboot/image/archive.js';
import { ImageError } from '../fastboot/image/image.js';
import { openFileSource, openFolder } from './folder-source.js';
import type { ImageSource } from './image-source.js';

/**
 * Opens what the user gave as IMAGE. A zip is known by its first bytes, whatever its name.
 * @throws FileError if it is not there or cannot be read; ImageError if a zip is damaged, or it is another archive or a page
 */
export async function openImageSource(path: string): Promise<ImageSource> {
  const stats = await stat(path).catch((error: unknown) => {
    throw new FileError(`${path} cannot be read: ${reasonOf(error)}.`, {
      hint: 'Check the path; it has to be a release zip, the folder it was unpacked to, or an image.',
      cause: error,
      facts: { path },
    });
  });
  if (stats.isDirectory()) return await openFolder(path);
  const { source, head } = await openFileSource(path);
  const archive = archiveOf(head, path);
  const isZip = archive?.name === 'zip' || head.toString('latin1', 0, EMPTY_ZIP.length) === EMPTY_ZIP;
  // A single image that is packed by itself is one that can be unpacked on the way, perhaps.
  if (!isZip && !isWebPage(head) && (archive === undefined ? !/\.zip$/i.test(path) : SINGLE.includes(archive.name))) {
    return source;
  }
  await source[Symbol.asyncDispose]();
  if (isWebPage(head)) throw webPage(path);
  if (!isZip && archive !== undefined) throw otherArchive(path, archive);
  const { openZip } = await import('./zip-source.js');
  return await openZip(path);
}

/** An archive without entries has no other header. */
const EMPTY_ZIP = 'PK\x05\x06';
const SINGLE: readonly string[] = ['gzip', 'xz', 'zstd'];

function webPage(path: string): ImageError {
  return new ImageError(safeText(basename(path)), 'it is a web page, not a release', {
    hint: 'The browser saved the page of the download; open it, and save the file itself.',
  });
}

function otherArchive(path: string, archive: Archive): ImageError {
  return new ImageError(safeText(basename(path)), `it is a ${archive.name} archive, and mdt reads zip`, {
    hint: `Unpack it with \`${safeText(archive.unpackWith(path))}\`, and name the folder.`,
  });
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT'
    ? 'there is no such file or folder'
    : code === 'EACCES'
      ? 'you may not read it'
      : systemReason(error);
}
