import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '../fixtures/temp-dir.js';
import { mdt, spawnMdt, type BoardUnderTest } from './board-under-test.js';
import type { ContractContext, ContractTest } from './contract.js';

const REMOTE = '/home/mendel/contract';

export function fileContract(declare: ContractTest): void {
  declare('a file comes back as it was pushed: content, mode and time', async (t, board) => {
    const [local, back] = await prepare(t, board);
    const content = randomBytes(700_001);
    await writeFile(join(local, 'data.bin'), content);
    await chmod(join(local, 'data.bin'), 0o750);
    await utimes(join(local, 'data.bin'), 1_500_000_000, 1_500_000_000);
    await succeed(t, board, ['push', join(local, 'data.bin'), REMOTE]);
    await succeed(t, board, ['pull', `${REMOTE}/data.bin`, back]);
    t.true((await readFile(join(back, 'data.bin'))).equals(content));
    const facts = await stat(join(back, 'data.bin'));
    t.is(facts.mtimeMs, 1_500_000_000_000);
    if (process.platform !== 'win32') t.is(facts.mode & 0o777, 0o750);
  });

  declare('a folder comes back with everything in it', async (t, board) => {
    const [local, back] = await prepare(t, board);
    await mkdir(join(local, 'tree', 'inner', 'empty'), { recursive: true });
    const names = Array.from({ length: 120 }, (_name, index) => `file-${String(index)}`);
    await Promise.all(names.map(name => writeFile(join(local, 'tree', 'inner', name), name)));
    await succeed(t, board, ['push', join(local, 'tree'), REMOTE]);
    await succeed(t, board, ['pull', `${REMOTE}/tree`, back]);
    t.deepEqual((await readdir(join(back, 'tree', 'inner'))).sort(), [...names, 'empty'].sort());
    for (const name of names) t.is(await readFile(join(back, 'tree', 'inner', name), 'utf8'), name);
  });

  declare(
    'odd names stay what they are',
    async (t, board) => {
      const [local, back] = await prepare(t, board);
      const names = [
        'two words',
        "it's",
        'a"b',
        '-rf',
        'semi;colon',
        '$HOME',
        'line\nbreak',
        'über-тест',
        '*',
        '.hidden',
        '\\',
      ];
      await mkdir(join(local, 'odd'));
      for (const name of names) await writeFile(join(local, 'odd', name), name);
      await succeed(t, board, ['push', join(local, 'odd'), REMOTE]);
      await succeed(t, board, ['pull', `${REMOTE}/odd`, back]);
      t.deepEqual((await readdir(join(back, 'odd'))).sort(), [...names].sort());
      for (const name of names) t.is(await readFile(join(back, 'odd', name), 'utf8'), name);
    },
    'names that Windows has not',
  );

  declare('the board expands patterns of what is pulled', async (t, board) => {
    const [local, back] = await prepare(t, board);
    for (const name of ['one.txt', 'two.txt', 'three.log']) await writeFile(join(local, name), name);
    await succeed(t, board, ['push', ...['one.txt', 'two.txt', 'three.log'].map(name => join(local, name)), REMOTE]);
    await succeed(t, board, ['pull', `${REMOTE}/*.txt`, back]);
    t.deepEqual((await readdir(back)).sort(), ['one.txt', 'two.txt']);
  });

  declare('an interrupted push leaves the old file or the whole new one, and nothing else', async (t, board) => {
    const [local] = await prepare(t, board);
    const content = randomBytes(60_000_000);
    await writeFile(join(local, 'data.bin'), 'old');
    await succeed(t, board, ['push', join(local, 'data.bin'), REMOTE]);
    await writeFile(join(local, 'data.bin'), content);
    const child = spawnMdt(board, ['push', join(local, 'data.bin'), REMOTE]);
    const closed = once(child, 'close');
    child.stdout.resume();
    child.stderr.resume();
    try {
      await Promise.race([closed, sizeOnBoard(board, 1_000_000)]);
    } finally {
      child.kill('SIGINT');
      await closed;
    }
    const size = Number((await mdt(board, ['exec', `wc -c < ${REMOTE}/data.bin`])).stdout.toString());
    t.true(size === 3 || size === content.length, `${String(size)} bytes`);
  });

  declare('what cannot be pulled or pushed is named', async (t, board) => {
    const [local, back] = await prepare(t, board);
    const absent = await mdt(board, ['pull', `${REMOTE}/absent`, back]);
    t.not(absent.code, 0);
    t.regex(absent.stderr.toString(), /absent/);
    const unreadable = await mdt(board, ['push', join(local, 'nothing-here'), REMOTE]);
    t.not(unreadable.code, 0);
    t.regex(unreadable.stderr.toString(), /nothing-here/);
    t.deepEqual(await readdir(back), []);
  });
}

/** Two local folders, one to push from and one to pull into, and an empty folder on the board. */
async function prepare(t: ContractContext, board: BoardUnderTest): Promise<[local: string, back: string]> {
  const folder = await tempDir(t);
  const [local, back] = [join(folder, 'local'), join(folder, 'back')];
  await mkdir(local);
  await mkdir(back);
  await succeed(t, board, ['exec', `rm -rf ${REMOTE} && mkdir ${REMOTE}`]);
  return [local, back];
}

async function succeed(t: ContractContext, board: BoardUnderTest, words: readonly string[]): Promise<void> {
  const result = await mdt(board, words);
  t.is(result.code, 0, `mdt ${words.join(' ')}: ${result.stderr.toString()}`);
}

/** Resolves when something of the transfer has arrived on the board. */
async function sizeOnBoard(board: BoardUnderTest, bytes: number): Promise<void> {
  for (;;) {
    const { stdout } = await mdt(board, ['exec', `cat ${REMOTE}/* ${REMOTE}/.[!.]* 2>/dev/null | wc -c`]);
    if (Number(stdout.toString()) >= bytes) return;
  }
}
