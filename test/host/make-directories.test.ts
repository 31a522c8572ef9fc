import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { makeDirectories } from '../../src/host/make-directories.js';
import { MDT_PROGRAM } from '../fixtures/mdt-process.js';

test('missing parents are made with the mode, and what was there keeps its own', t => {
  const root = mkdtempSync(join(tmpdir(), 'mdt-folders-'));
  t.teardown(() => {
    rmSync(root, { recursive: true });
  });
  const before = statSync(root).mode;
  makeDirectories(join(root, 'a', 'b'), 0o700);
  makeDirectories(join(root, 'a', 'b'), 0o700);
  t.true(statSync(join(root, 'a', 'b')).isDirectory());
  if (process.platform !== 'win32') t.is(statSync(join(root, 'a')).mode & 0o777, 0o700);
  t.is(statSync(root).mode, before);
  writeFileSync(join(root, 'file'), '');
  t.throws(() => {
    makeDirectories(join(root, 'file', 'below'), 0o700);
  });
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a folder that the system does not make is an error at once, not an endless search (needs /proc)', t => {
  t.throws(
    () => {
      makeDirectories('/proc/none/below', 0o700);
    },
    { code: 'ENOENT' },
  );
});

onLinux('a home that cannot be made ends every command as usual (needs /proc)', t => {
  const run = (...words: string[]): number | null =>
    spawnSync(process.execPath, [MDT_PROGRAM, ...words], {
      env: { PATH: process.env['PATH'], HOME: '/proc', XDG_CACHE_HOME: '' },
      timeout: 60_000,
    }).status;
  t.is(run('get', 'username'), 0);
  t.is(run('set', 'username', 'me'), 5);
});
