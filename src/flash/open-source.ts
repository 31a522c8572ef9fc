import { stat } from 'node:fs/promises';
import { systemReason } from '../host/system-error.js';
import { FileError } from '../errors.js';
import { openFileSource, openFolder } from './folder-source.js';
import type { ImageSource } from './image-source.js';

/**
 * Opens what the user gave as IMAGE. A zip is known by how it begins, whatever its name.
 * @throws FileError if it is not there or cannot be read; ImageError if a zip is damaged or has names that lead elsewhere
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
  const file = await openFileSource(path);
  if (!file.looksLikeZip) return file.source;
  await file.source[Symbol.asyncDispose]();
  const { openZip } = await import('./zip-source.js');
  return await openZip(path);
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT'
    ? 'there is no such file or folder'
    : code === 'EACCES'
      ? 'you may not read it'
      : systemReason(error);
}
