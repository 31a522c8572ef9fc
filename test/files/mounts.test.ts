// Folders of which a part is on another file system, at both ends.
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { place } from '../../src/files/local-write.js';
import { pull } from '../../src/files/pull.js';
import { BoardMounts } from '../../src/files/push-mounts.js';
import type { PlannedEntry, PushPlan } from '../../src/files/push-plan.js';
import { push } from '../../src/files/push.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { labTest } from '../lab/lab-test.js';
import { mustRun } from '../lab/program.js';
import { boards } from './boards.js';
import { boardTree, localTree, makeTree } from './trees.js';

function entry(kind: PlannedEntry['kind'], target: string, device?: string): PlannedEntry {
  const item = { kind, sizeBytes: 0, mode: 0o755, modifiedAtS: 1, linkTarget: '' };
  const existing = device === undefined ? undefined : ({ ...item, device } as PlannedEntry['existing']);
  return { ...item, relative: '', path: `/here/${target}`, target, existing };
}

test('what goes below a mount point of the board belongs to its file system, new folders too', t => {
  const oldFolders = [
    entry('directory', 'tree', '1'),
    entry('directory', 'tree/mnt', '2'),
    entry('directory', 'tree/mnt/old', '2'),
    entry('directory', 'tree/mnt/old/back', '1'),
  ];
  const mounts = new BoardMounts({ oldFolders } as unknown as PushPlan, '1');
  const files = ['x', 'tree/x', 'tree/new/x', 'tree/mnt/x', 'tree/mnt/old/new/x', 'tree/mnt/old/back/x'];
  t.deepEqual(
    [...mounts.split(files.map(name => entry('file', name)))].map(([mount, some]) => [mount, some.map(e => e.target)]),
    [
      ['', ['x', 'tree/x', 'tree/new/x']],
      ['tree/mnt', ['x', 'old/new/x']],
      ['tree/mnt/old/back', ['x']],
    ],
  );
});

const OTHER = '/dev/shm';
const hasOther = existsSync(OTHER) && statSync(OTHER).dev !== statSync(tmpdir()).dev;

(hasOther ? test : test.skip)(
  'a file that comes from another file system of this host is put in place whole (needs /dev/shm)',
  async t => {
    const folder = await tempDir(t);
    const other = await mkdtemp(join(OTHER, 'mdt-test-'));
    t.teardown(() => rm(other, { recursive: true, force: true }));
    const from = join(other, 'from');
    await writeFile(from, 'new', { mode: 0o640 });
    await utimes(from, 1_600_000_000, 1_600_000_000);
    await writeFile(join(folder, 'to'), 'old');
    await place(from, join(folder, 'to'));
    t.is(await readFile(join(folder, 'to'), 'utf8'), 'new');
    const { mode, mtimeMs } = await stat(join(folder, 'to'));
    t.deepEqual([mode & 0o777, mtimeMs], [0o640, 1_600_000_000_000]);
    t.deepEqual([await readdir(folder), await readdir(other)], [['to'], []]);
    await writeFile(from, 'newer');
    await mkdir(join(folder, 'folder'));
    await t.throwsAsync(place(from, join(folder, 'folder')), { code: 'FILE' });
    t.deepEqual((await readdir(folder)).sort(), ['folder', 'to']);
  },
);

/** Mounts a file system of this size until the test ends. */
async function mount(t: ExecutionContext, folder: string, sizeMib: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  await mustRun(['mount', '-t', 'tmpfs', '-o', `size=${String(sizeMib)}m`, 'mdt-test', folder]);
  t.teardown(() => mustRun(['umount', '-l', folder]));
  return folder;
}

labTest('a push into new folders below a mount point is unpacked on that file system', async t => {
  const board = await boards.find(({ name }) => name === 'OpenSSH')?.start(t);
  if (!board) throw new Error('there is no OpenSSH');
  const session = await board.open();
  // So small that nothing of the tree fits: it has to go where it belongs from the first byte.
  const there = await mount(t, join(board.folder, 'disk'), 1);
  await mount(t, join(there, 'tree', 'mnt'), 64);
  const here = join(await tempDir(t), 'tree');
  const names = Array.from({ length: 40 }, (_, index) => `mnt/new/d${String(index % 3)}/f${String(index)}`);
  await makeTree(here, Object.fromEntries(names.map(name => [name, Buffer.alloc(100_000, 'x')] as const)));
  await makeTree(here, { 'mnt/link': '-> new', small: 'x' });
  await push(session, { sources: [here], destination: there });
  t.deepEqual(await boardTree(session, join(there, 'tree')), await localTree(here));
});

labTest('a pull into a folder with a mount point in it puts everything in place', async t => {
  const board = await boards.find(({ name }) => name === 'OpenSSH')?.start(t);
  if (!board) throw new Error('there is no OpenSSH');
  const session = await board.open();
  const source = join(board.folder, 'tree');
  await makeTree(source, { small: 'x', 'mnt/a': 'a', 'mnt/new/b': 'b', 'mnt/link': '-> a' });
  const to = await tempDir(t);
  await mount(t, join(to, 'tree', 'mnt'), 8);
  await pull(session, { sources: [source], destination: to });
  t.deepEqual(await localTree(join(to, 'tree')), await localTree(source));
});
