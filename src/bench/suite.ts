import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { safeText } from '../device/board-text.js';
import { FileError } from '../errors.js';
import { REFERENCE_BOARDS, REFERENCE_MODELS, referenceMs } from './reference.js';
import type { BenchReport } from './report.js';

/** The models of Google's published table that are in a folder, in its order. @throws FileError if there is none */
export async function coralSuite(folder: string, target: 'tpu' | 'cpu'): Promise<string[]> {
  const ending = target === 'tpu' ? '_edgetpu.tflite' : '.tflite';
  const files: string[] = [];
  for (const model of REFERENCE_MODELS) {
    const file = join(folder, `${model}${ending}`);
    if ((await stat(file).catch(() => undefined))?.isFile() === true) files.push(file);
  }
  if (files.length > 0) return files;
  throw new FileError(`There are no models of the suite in ${safeText(folder)}.`, {
    hint: `Put files there such as ${REFERENCE_MODELS[0] ?? ''}${ending}, from github.com/google-coral/test_data.`,
    facts: { path: folder },
  });
}

/** Our mean of each model beside Google's of each board, in milliseconds; a dash where none was published. */
export function suiteTable({ models, conditions, simulated }: BenchReport): readonly (readonly string[])[] {
  const heading = ['MODEL', simulated ? 'SIMULATED' : 'HERE', ...REFERENCE_BOARDS.map(board => board.toUpperCase())];
  const rows = models.map(({ name, meanMs }) => {
    const published = REFERENCE_BOARDS.map(board => referenceMs(name, board, conditions.target));
    return [name, meanMs.toFixed(2), ...published.map(ms => (ms === undefined ? '-' : ms.toFixed(2)))];
  });
  return [heading, ...rows];
}
