import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModelFile } from '../../src/tflite/model-file.js';
import { makeEdgeTpuModel } from '../fixtures/models.js';
import { timed } from './measure.js';
import { limit, type Row } from './row.js';

/** Reading what a model says about itself: parameters are not looked at, so that it costs about what reading the file does. */
export async function inspecting(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mdt-bench-'));
  try {
    const file = join(folder, 'model.tflite');
    await writeFile(file, makeEdgeTpuModel({ onChipBytes: 4 * 1024 ** 2 }));
    const runs: number[] = [];
    for (let run = 0; run < 21; run++) runs.push(await timed(() => readModelFile(file)));
    const [first = 0] = runs;
    return [
      limit('read a model of 4 MB', { unit: 'ms', limit: 10 }, runs),
      limit('read a model of 4 MB, the first time', { unit: 'ms', limit: 10 }, [first]),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
