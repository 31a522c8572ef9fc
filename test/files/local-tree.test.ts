import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { readLocalSource, sourceName } from '../../src/files/local-tree.js';
import { tempDir } from '../fixtures/temp-dir.js';

const onWindows = process.platform === 'win32';
const unlessWindows = onWindows ? test.skip : test;

test('a folder is read with everything in it, folders first, with sizes, modes and times', async t => {
  const dir = await tempDir(t);
  await mkdir(join(dir, 'a', 'b'), { recursive: true });
  await writeFile(join(dir, 'a', 'b', 'file'), 'hello');
  await utimes(join(dir, 'a', 'b', 'file'), 1000, 1000.5);
  if (!onWindows) await chmod(join(dir, 'a', 'b', 'file'), 0o751);
  const source = await readLocalSource(join(dir, 'a'), { symlinks: 'preserve' });
  t.is(source.name, 'a');
  t.deepEqual(
    source.entries.map(entry => [entry.kind, entry.relative]),
    [
      ['directory', ''],
      ['directory', 'b'],
      ['file', 'b/file'],
    ],
  );
  const file = source.entries[2];
  t.is(file?.sizeBytes, 5);
  t.is(file?.modifiedAtS, 1000.5);
  if (!onWindows) t.is(file?.mode, 0o751);
});

test('the name of a source is that of the folder it is, empty for its content', t => {
  t.is(sourceName('a/b/'), 'b');
  t.is(sourceName('a/b/.'), '');
  t.is(sourceName('.'), '');
  t.is(sourceName('./'), '');
  t.is(sourceName('a/..b'), '..b');
  t.is(sourceName('.hidden'), '.hidden');
  t.not(sourceName('..'), '..');
});

unlessWindows('symlinks are kept, followed or left out as asked; loops and broken ones are named', async t => {
  const dir = await tempDir(t);
  await mkdir(join(dir, 'tree', 'sub'), { recursive: true });
  await writeFile(join(dir, 'outside'), 'x');
  await symlink('../outside', join(dir, 'tree', 'link'));
  await symlink('..', join(dir, 'tree', 'sub', 'loop'));
  await symlink('nowhere', join(dir, 'tree', 'broken'));
  const walk = async (symlinks: 'preserve' | 'follow' | 'skip'): Promise<unknown> => {
    const { entries, skipped } = await readLocalSource(join(dir, 'tree'), { symlinks });
    return [
      entries.filter(entry => entry.kind !== 'directory').map(entry => [entry.relative, entry.kind, entry.linkTarget]),
      skipped.map(({ path, reason }) => [path.slice(dir.length + 6), reason]),
    ];
  };
  t.deepEqual(await walk('preserve'), [
    [
      ['broken', 'symlink', 'nowhere'],
      ['link', 'symlink', '../outside'],
      ['sub/loop', 'symlink', '..'],
    ],
    [],
  ]);
  t.deepEqual(await walk('follow'), [
    [['link', 'file', '']],
    [
      ['broken', 'broken-symlink'],
      ['sub/loop', 'broken-symlink'],
    ],
  ]);
  t.deepEqual(await walk('skip'), [
    [],
    [
      ['broken', 'symlink'],
      ['link', 'symlink'],
      ['sub/loop', 'symlink'],
    ],
  ]);
});

unlessWindows('a symlink named as the source is followed', async t => {
  const dir = await tempDir(t);
  await writeFile(join(dir, 'file'), 'x');
  await symlink('file', join(dir, 'link'));
  const source = await readLocalSource(join(dir, 'link'), { symlinks: 'preserve' });
  t.is(source.name, 'link');
  t.is(source.entries[0]?.kind, 'file');
});

unlessWindows('special files are left out and named', async t => {
  const dir = await tempDir(t);
  const server = createServer();
  await new Promise<void>(resolve => server.listen(join(dir, 'socket'), resolve));
  t.teardown(() => server.close());
  const source = await readLocalSource(dir, { symlinks: 'preserve' });
  t.deepEqual(source.skipped, [{ path: join(dir, 'socket'), reason: 'special-file' }]);
  await t.throwsAsync(readLocalSource(join(dir, 'socket'), { symlinks: 'preserve' }), { code: 'FILE' });
});

(process.platform === 'linux' ? test : test.skip)('names that are no text keep their bytes', async t => {
  const dir = await tempDir(t);
  await writeFile(Buffer.concat([Buffer.from(`${dir}/bad-`), Buffer.from([0xff])]), 'x');
  await writeFile(join(dir, 'new\nline'), 'x');
  const source = await readLocalSource(dir, { symlinks: 'preserve' });
  t.deepEqual(
    source.entries.map(entry => entry.relative),
    ['', 'bad-\udcff', 'new\nline'],
  );
});

test('a source that is not there is refused', async t => {
  const dir = await tempDir(t);
  await t.throwsAsync(readLocalSource(join(dir, 'nothing'), { symlinks: 'preserve' }), {
    code: 'FILE',
    message: /does not exist on this host/,
  });
});

(process.getuid?.() === 0 || onWindows ? test.skip : test)(
  'a file that may not be read is refused (not as root)',
  async t => {
    const dir = await tempDir(t);
    await writeFile(join(dir, 'secret'), 'x', { mode: 0 });
    await t.throwsAsync(readLocalSource(dir, { symlinks: 'preserve' }), { code: 'PERMISSION' });
  },
);
