import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { safeText } from '../device/board-text.js';
import { systemHint } from '../host/system-error.js';
import { FileError, MdtError } from '../errors.js';
import type { TfliteModel } from './model.js';
import { bytesOfFile } from './model-bytes.js';
import { ModelFormatError } from './model-format-error.js';
import { readModelFrom } from './read-model.js';

/** Larger than the memory of any board: nothing that could run there. */
const MAX_MODEL_BYTES = 1024 ** 3;

/**
 * Reads the model in a file.
 * @throws FileError if there is no such file, it is a folder or it cannot be read
 * @throws ModelFormatError, naming the file, if it is not a whole .tflite model
 */
export async function readModelFile(path: string): Promise<TfliteModel> {
  const name = safeText(path);
  try {
    // Looked at before it is opened: a pipe would wait for somebody who writes.
    checkFile(await stat(path), name);
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      return readModelFrom(bytesOfFile(file.fd, size));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ModelFormatError) throw error.of(name);
    if (error instanceof MdtError) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing) throw new FileError(`There is no file ${name}.`, { cause: error, hint: 'Check the path.' });
    throw new FileError(`${name} cannot be read.`, { cause: error, hint: systemHint(error) });
  }
}

function checkFile(stats: Stats, name: string): void {
  if (stats.isDirectory()) throw new FileError(`${name} is a folder.`, { hint: 'Give the .tflite files in it.' });
  if (!stats.isFile()) throw new FileError(`${name} is not a file.`, { hint: 'Give a .tflite file.' });
  if (stats.size > MAX_MODEL_BYTES) {
    throw new FileError(`${name} is too large for a model: ${String(stats.size)} bytes.`, {
      hint: 'Boards have 1 to 4 GiB of memory.',
    });
  }
}
