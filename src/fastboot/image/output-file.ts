import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { systemReason } from '../../host/system-error.js';
import { FileError, MdtError } from '../../errors.js';

/**
 * Lets `write` make a file under a temporary name beside `path`, and gives it its name when all of it is there: no half
 * file is ever found under `path`, and what was there stays until then.
 * @throws FileError if it cannot be written, and what `write` throws
 */
export async function writeOutputFile<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    const file = await open(temporary, 'wx');
    let result: T;
    try {
      result = await write(file);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    if (error instanceof MdtError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new FileError(`${path} cannot be written: ${systemReason(error)}.`, {
      hint: 'Check the folder, its permissions and the free space.',
      cause: error,
      facts: { path, code },
    });
  }
}
