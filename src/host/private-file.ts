import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectories } from './make-directories.js';

export const PRIVATE_FILE_MODE = 0o600;
export const PRIVATE_DIR_MODE = 0o700;

/**
 * Writes `content` so that the file is at every moment either the old one or the whole new one, readable by its owner
 * alone: to a temporary name beside it, flushed, then renamed. Missing folders are made, also for the owner alone.
 */
export async function writePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  makeDirectories(dirname(path), PRIVATE_DIR_MODE);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', PRIVATE_FILE_MODE);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
