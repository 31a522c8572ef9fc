import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import test from 'ava';
import { coralSuite, suiteTable } from '../../src/bench/suite.js';
import { FileError } from '../../src/errors.js';
import { benchReport } from '../fixtures/bench-report.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('the suite is those models of the published table that are in the folder, for the Edge TPU or the CPU', async t => {
  const folder = await tempDir(t);
  for (const name of ['mobilenet_v2_1.0_224_quant_edgetpu', 'inception_v1_224_quant', 'other_edgetpu']) {
    await writeFile(join(folder, `${name}.tflite`), '');
  }
  const names = async (target: 'tpu' | 'cpu'): Promise<string[]> =>
    (await coralSuite(folder, target)).map(file => basename(file));
  t.deepEqual(await names('tpu'), ['mobilenet_v2_1.0_224_quant_edgetpu.tflite']);
  t.deepEqual(await names('cpu'), ['inception_v1_224_quant.tflite']);
});

test('a folder without any of them is an error that names one', async t => {
  const error = await t.throwsAsync(coralSuite(await tempDir(t), 'tpu'), { instanceOf: FileError });
  t.regex(error.hint ?? '', /inception_v1_224_quant_edgetpu\.tflite/);
});

test("Google's times stand beside ours, which are called simulated where they are", t => {
  const report = benchReport();
  t.deepEqual(suiteTable(report), [
    ['MODEL', 'HERE', 'DEV BOARD', 'RASPBERRY PI 4 + USB', 'X86-64 + USB 3'],
    ['mobilenet_v2_1.0_224_quant_edgetpu.tflite', '2.53', '2.56', '4.55', '2.29'],
  ]);
  t.is(suiteTable({ ...report, simulated: true })[0]?.[1], 'SIMULATED');
});
