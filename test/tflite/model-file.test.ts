import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { FileError } from '../../src/errors.js';
import { readModelFile } from '../../src/tflite/model-file.js';
import { ModelFormatError } from '../../src/tflite/model-format-error.js';
import { readModel } from '../../src/tflite/read-model.js';
import { makeModel } from '../fixtures/models.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('a model is read from its file', async t => {
  const file = join(await tempDir(t), 'm.tflite');
  await writeFile(file, makeModel());
  t.is((await readModelFile(file)).operators[0]?.name, 'ADD');
});

test('what is no file, or cannot be read, says so', async t => {
  const folder = await tempDir(t);
  await mkdir(join(folder, 'models'));
  const refused = async (path: string, message: RegExp): Promise<void> => {
    const error = await t.throwsAsync(readModelFile(path), { instanceOf: FileError, message });
    t.truthy(error.hint);
  };
  await refused(join(folder, 'none.tflite'), /^There is no file .*none\.tflite\.$/);
  await refused(join(folder, 'models'), /models is a folder\.$/);
  await refused(join(folder, 'a\0b'), /ab cannot be read\.$/);
});

test('a file larger than any board has memory is not read into ours', async t => {
  const file = join(await tempDir(t), 'huge.tflite');
  await writeFile(file, '');
  await truncate(file, 1024 ** 3 + 1);
  await t.throwsAsync(readModelFile(file), {
    instanceOf: FileError,
    message: /too large for a model: 1073741825 bytes/,
  });
});

test('reading a damaged file of 900 MB takes little memory', async t => {
  const file = join(await tempDir(t), 'damaged.tflite');
  await writeFile(file, makeModel().subarray(0, 200));
  await truncate(file, 900_000_000);
  const before = process.memoryUsage().rss;
  await readModelFile(file).catch((error: unknown) => {
    t.true(error instanceof ModelFormatError);
  });
  t.true(process.memoryUsage().rss - before < 100 * 1024 ** 2);
});

test('a model larger than what is kept of it reads as it does from memory', async t => {
  const file = join(await tempDir(t), 'm.tflite');
  const operators = Array.from({ length: 20_000 }, (_, index) => ({ code: index % 5 }));
  const bytes = makeModel({ operators });
  await writeFile(file, bytes);
  t.deepEqual(await readModelFile(file), readModel(bytes));
});

test('an error in the format names the file', async t => {
  const file = join(await tempDir(t), 'notes.txt');
  await writeFile(file, 'not a model');
  await t.throwsAsync(readModelFile(file), { instanceOf: ModelFormatError, message: /^.*notes\.txt is not a model/ });
});
