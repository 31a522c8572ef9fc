import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { FileError } from '../../src/errors.js';
import { FlashJournal, unfinishedFlashes, type FlashRecord } from '../../src/flash/journal.js';
import { tempDir } from '../fixtures/temp-dir.js';

const RECORD: FlashRecord = {
  board: '1b0741d6f0609912',
  images: '/releases/eagle.zip',
  partitions: { boot: '/releases/boot.img' },
  identity: 'ab',
  steps: ['erase misc', 'reboot into Mendel'],
  completed: 1,
  hadHome: false,
  startedAt: '2026-01-01T00:00:00.000Z',
};

test('what was written is read again, until it is removed', async t => {
  const folder = join(await tempDir(t), 'flash');
  const journal = new FlashJournal(folder, 'usb:1-1.4/..');
  t.is(await journal.read(), undefined);
  t.deepEqual(await unfinishedFlashes(folder), []);
  await journal.write(RECORD);
  t.deepEqual(await journal.read(), RECORD);
  t.deepEqual(await unfinishedFlashes(folder), [RECORD]);
  await journal.remove();
  t.is(await journal.read(), undefined);
});

const DAMAGE: Readonly<Record<string, string>> = {
  'is cut off': '{"version": 1, "board": "x"',
  'is of another version': JSON.stringify({ ...RECORD, version: 2 }),
  'lacks its steps': JSON.stringify({ version: 1, ...RECORD, steps: [1] }),
  'has done more steps than there are': JSON.stringify({ version: 1, ...RECORD, completed: 3 }),
};

for (const [what, text] of Object.entries(DAMAGE)) {
  test(`a journal that ${what} is named, with what is safe to do`, async t => {
    const folder = await tempDir(t);
    await writeFile(join(folder, 'board.json'), text);
    for (const read of [() => new FlashJournal(folder, 'board').read(), () => unfinishedFlashes(folder)]) {
      const error = await t.throwsAsync(read(), { instanceOf: FileError, message: /board\.json, cannot be read\./ });
      t.regex(error.hint ?? '', /Remove it and flash from the beginning/);
    }
  });
}

test('a journal that is no file cannot be read, nor written over', async t => {
  const folder = await tempDir(t);
  await mkdir(join(folder, 'board.json', 'full'), { recursive: true });
  const journal = new FlashJournal(folder, 'board');
  await t.throwsAsync(journal.read(), { instanceOf: FileError, message: /cannot be read/ });
  const error = await t.throwsAsync(journal.write(RECORD), { instanceOf: FileError, message: /cannot be written/ });
  t.regex(error.hint ?? '', /^The system says: [a-z ]+\.$/);
});

test('a journal that cannot be read is set aside, also a second time, and hides no other one', async t => {
  const folder = await tempDir(t);
  const journal = new FlashJournal(folder, 'board');
  for (const text of ['first', 'second']) {
    await writeFile(join(folder, 'board.json'), text);
    t.is(await readFile(await journal.setAside(), 'utf8'), text);
    t.is(await journal.read(), undefined);
  }
  await writeFile(join(folder, 'board.json'), 'third');
  await new FlashJournal(folder, 'other').write(RECORD);
  t.deepEqual(await unfinishedFlashes(folder), [RECORD]);
});

test('a journal of a version before partitions were kept is read', async t => {
  const folder = await tempDir(t);
  const { partitions, ...before } = RECORD;
  await writeFile(join(folder, 'board.json'), JSON.stringify({ version: 1, ...before }));
  t.deepEqual(await new FlashJournal(folder, 'board').read(), { ...RECORD, partitions: {} });
  t.truthy(partitions);
});

test('boards of long names have a file each', async t => {
  const folder = await tempDir(t);
  for (const last of ['a', 'b']) {
    const journal = new FlashJournal(folder, `${'ü'.repeat(250)}${last}`);
    await journal.write({ ...RECORD, board: last });
    t.is((await journal.read())?.board, last);
  }
  t.is((await readdir(folder)).length, 2);
});
