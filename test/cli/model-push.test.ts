import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { makeEdgeTpuModel, makeModel } from '../fixtures/models.js';
import { tempDir } from '../fixtures/temp-dir.js';

const BOARD = ['-d', 'swift-otter'];
const MODELS = 'home/mendel/.mdt/models';

test('a pushed model is on the board by content and by name, and is listed; a second push sends nothing', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const file = join(await tempDir(t), 'detect.tflite');
  await writeFile(file, makeEdgeTpuModel());
  const first = await mdt({ configDir }, 'model', 'push', ...BOARD, '--json', file);
  // On a slow host it may tell how far it is.
  t.notRegex(first.err, /error|warning|hint/);
  const { runtimeVersion, models } = JSON.parse(first.out) as {
    runtimeVersion: number;
    models: { sha256: string; sent: boolean; name: string }[];
  };
  t.is(runtimeVersion, 15);
  t.like(models, [{ name: 'detect.tflite', sent: true }]);
  t.deepEqual(await readFile(join(board.rootDir, MODELS, 'names/detect.tflite')), await readFile(file));
  const again = await mdt({ configDir }, 'model', 'push', ...BOARD, file);
  t.is(again.out, `Unchanged detect.tflite at /home/mendel/.mdt/models/${models[0]?.sha256 ?? ''}.tflite.\n`);
  const list = await mdt({ configDir }, 'model', 'list', ...BOARD);
  t.regex(list.out, /^detect\.tflite\t[0-9a-f]{64}\t\d+\n$/);
});

test('content that lies damaged on the board is found out by its hash and sent again', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const file = join(await tempDir(t), 'a.tflite');
  await writeFile(file, makeModel());
  t.is((await mdt({ configDir }, 'model', 'push', ...BOARD, file)).code, 0);
  const [content = ''] = (await readdir(join(board.rootDir, MODELS))).filter(name => name.endsWith('.tflite'));
  await writeFile(join(board.rootDir, MODELS, content), 'cut off');
  const again = await mdt({ configDir }, 'model', 'push', ...BOARD, file);
  t.is(again.code, 0, again.err);
  t.regex(again.out, /^Pushed a\.tflite/);
  t.deepEqual(await readFile(join(board.rootDir, MODELS, content)), await readFile(file));
});

test('odd names stay what they are, and content goes with its last name', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const folder = await tempDir(t);
  const names = ['it\'s $HOME; a "b".tflite', '-rf', 'über\nzwei.tflite', '*'];
  for (const name of names) await writeFile(join(folder, name), makeModel());
  await mdt({ configDir }, 'model', 'push', ...BOARD, '--', ...names.map(name => join(folder, name)));
  t.deepEqual((await readdir(join(board.rootDir, MODELS, 'names'))).sort(), [...names].sort());
  const [first = '', ...rest] = names;
  t.regex((await mdt({ configDir }, 'model', 'rm', ...BOARD, '--', first)).out, /\(0 B freed\)/);
  t.is((await mdt({ configDir }, 'model', 'rm', ...BOARD, '--', ...rest)).code, 0);
  t.deepEqual(await readdir(join(board.rootDir, MODELS)), ['names']);
});

test('a name that is given to another model leaves no content behind', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const file = join(await tempDir(t), 'a.tflite');
  for (const description of ['one', 'two']) {
    await writeFile(file, makeModel({ description }));
    t.is((await mdt({ configDir }, 'model', 'push', ...BOARD, file)).code, 0);
  }
  t.is((await readdir(join(board.rootDir, MODELS))).length, 2);
  t.deepEqual(await readFile(join(board.rootDir, MODELS, 'names/a.tflite')), await readFile(file));
});

test('a model for a newer runtime is refused before anything is sent, with both versions; --force sends it', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const file = join(await tempDir(t), 'new.tflite');
  await writeFile(file, makeEdgeTpuModel({ minRuntimeVersion: 99 }));
  const refused = await mdt({ configDir }, 'model', 'push', ...BOARD, file);
  t.is(refused.code, 7);
  t.regex(refused.err, /needs Edge TPU runtime 99, and the board has 15\.\nhint: .*--min-runtime 15.*--force/);
  t.deepEqual(await readdir(join(board.rootDir, MODELS)), ['names']);
  t.is((await mdt({ configDir }, 'model', 'push', ...BOARD, '--force', file)).code, 0);
});

test('what is no model, has no usable name or is not there is an error that says so', async t => {
  const { configDir } = await boardOnDesk(t);
  const file = join(await tempDir(t), 'a.tflite');
  await writeFile(file, 'no model');
  t.is((await mdt({ configDir }, 'model', 'push', ...BOARD, file)).code, 5);
  await writeFile(file, makeModel());
  t.is((await mdt({ configDir }, 'model', 'push', ...BOARD, '--name', '../x', file)).code, 2);
  const missing = await mdt({ configDir }, 'model', 'rm', ...BOARD, 'missing');
  t.is(missing.code, 3);
  t.regex(missing.err, /There is no model missing on the board\.\nhint: .*mdt model list/);
  t.is((await mdt({ configDir }, 'model', 'list', ...BOARD)).out, '');
});

test('a model is named by the beginning of its hash, too', async t => {
  const { configDir } = await boardOnDesk(t);
  const file = join(await tempDir(t), 'a.tflite');
  await writeFile(file, makeModel());
  await mdt({ configDir }, 'model', 'push', ...BOARD, file);
  const [, sha256 = ''] = (await mdt({ configDir }, 'model', 'list', ...BOARD)).out.split('\t');
  t.is((await mdt({ configDir }, 'model', 'rm', ...BOARD, sha256.slice(0, 8))).code, 0);
  t.is((await mdt({ configDir }, 'model', 'list', ...BOARD)).out, '');
});
