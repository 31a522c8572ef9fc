import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { MDT_PROGRAM, startProgram } from '../fixtures/mdt-process.js';
import { tempDir } from '../fixtures/temp-dir.js';

/** What the examples name, on both sides: a host has folders such as models, demo, logs, backup and /tmp, too. */
const FILES = ['model.tflite', 'image.bin', 'app/main.py', 'app/x.pyc', 'models/a.tflite', 'demo/old', 'backup/old'];
const ON_BOARD = ['home/mendel/results.csv', 'home/mendel/app/main.py', 'home/mendel/data.db', 'var/log/a.log'];

async function write(folder: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), path);
  }
}

async function examplesOf(configDir: string, verb: string): Promise<string[]> {
  const { out } = await mdt({ configDir }, 'help', verb);
  return [...out.matchAll(/^ {2}(mdt .*)$/gm)].map(([, line = '']) => line);
}

/** As a shell splits them: with quotes taken off and patterns expanded. */
function wordsOf(line: string, cwd: string): string[] {
  const { stdout } = spawnSync('sh', ['-c', `set -- ${line}; printf '%s\\n' "$@"`], { cwd, encoding: 'utf8' });
  return stdout.split('\n').slice(1, -1);
}

const onPosix = process.platform === 'win32' ? test.skip : test;

for (const verb of ['push', 'pull']) {
  onPosix(`every example in the help of ${verb} does what it says, where such paths exist here too`, async t => {
    t.timeout(120_000);
    const { configDir, board } = await boardOnDesk(t);
    const cwd = await tempDir(t);
    await write(cwd, [...FILES, 'logs/old']);
    await write(board.rootDir, ON_BOARD);
    const examples = await examplesOf(configDir, verb);
    t.true(examples.length >= 4);
    for (const line of examples) {
      const argv = [...wordsOf(line, cwd), '-d', board.name];
      const { code, err } = await startProgram(t, MDT_PROGRAM, { configDir, argv, cwd }).ended();
      t.is(code, 0, `${line}: ${err}`);
    }
    const home = join(board.rootDir, 'home/mendel');
    if (verb === 'pull') {
      t.deepEqual(await readdir(join(cwd, 'logs')), ['a.log', 'old']);
      t.deepEqual(await readdir(join(cwd, 'backup')), ['app', 'data.db', 'old']);
      t.is(await readFile(join(cwd, 'results.csv'), 'utf8'), 'home/mendel/results.csv');
      t.regex(await readFile(join(cwd, 'temp'), 'utf8'), /^\d+\n$/);
    } else {
      t.deepEqual(await readdir(join(board.rootDir, 'tmp')), ['image.bin', 'model.tflite']);
      t.deepEqual((await readdir(join(home, 'demo'), { recursive: true })).sort(), [
        'app',
        'app/main.py',
        'models',
        'models/a.tflite',
      ]);
      t.deepEqual(await readdir(join(home, 'models')), ['model.tflite']);
      t.deepEqual((await readdir(home)).filter(name => !name.startsWith('.')).sort(), [
        'app',
        'data.db',
        'demo',
        'model.tflite',
        'models',
        'results.csv',
      ]);
    }
  });
}
