import { readFile, stat } from 'node:fs/promises';
import { safeText } from '../device/board-text.js';
import { systemHint } from '../device/system-error.js';
import { FileError } from '../errors.js';
import type { TfliteModel } from './model.js';
import { ModelFormatError } from './model-format-error.js';
import { readModel } from './read-model.js';

/** Larger than the memory of any board: nothing that could run there. */
const MAX_MODEL_BYTES = 1024 ** 3;

/**
 * Reads the model in a file.
 * @throws FileError if there is no such file, it is a folder or it cannot be read
 * @throws ModelFormatError, naming the file, if it is not a whole .tflite model
 */
export async function readModelFile(path: string): Promise<TfliteModel> {
  const bytes = await readBytes(path);
  try {
    return readModel(bytes);
  } catch (error) {
    throw error instanceof ModelFormatError ? error.of(safeText(path)) : error;
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  const name = safeText(path);
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) throw new FileError(`${name} is a folder.`, { hint: 'Give the .tflite files in it.' });
    if (!stats.isFile()) throw new FileError(`${name} is not a file.`, { hint: 'Give a .tflite file.' });
    if (stats.size > MAX_MODEL_BYTES) {
      throw new FileError(`${name} is too large for a model: ${String(stats.size)} bytes.`, {
        hint: 'Boards have 1 to 4 GiB of memory.',
      });
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof FileError) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing) throw new FileError(`There is no file ${name}.`, { cause: error, hint: 'Check the path.' });
    const hint = systemHint(error);
    throw new FileError(`${name} cannot be read.`, { cause: error, hint });
  }
}
