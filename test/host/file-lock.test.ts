import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { TimeoutError } from '../../src/errors.js';
import { withFileLock } from '../../src/host/file-lock.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { VirtualClock } from '../fakes/virtual-clock.js';

async function newFile(t: ExecutionContext): Promise<string> {
  const file = join(await tempDir(t), 'mdt', 'boards.json');
  await mkdir(dirname(file));
  return file;
}

/** Waits for the lock until the deadline has passed on a clock of its own. */
async function waitInVain(t: ExecutionContext, file: string): Promise<TimeoutError> {
  const clock = new VirtualClock();
  const waiting = withFileLock(file, () => Promise.resolve(), { clock });
  const thrown = t.throwsAsync(waiting, { instanceOf: TimeoutError });
  await clock.waiting(2);
  await clock.advance(30_000);
  return thrown;
}

test('a lock that is held is waited for, and the error at the deadline names it', async t => {
  const file = await newFile(t);
  await withFileLock(file, async () => {
    const error = await waitInVain(t, file);
    t.regex(error.hint ?? '', /remove .*boards\.json\.lock/);
  });
  t.is(await withFileLock(file, () => Promise.resolve('free')), 'free');
});

test('one that waits gets the lock when it is given back', async t => {
  const file = await newFile(t);
  const clock = new VirtualClock();
  let waiting: Promise<string> | undefined;
  await withFileLock(file, async () => {
    waiting = withFileLock(file, () => Promise.resolve('mine'), { clock });
    await clock.waiting(2);
  });
  await clock.advanceToNext();
  t.is(await waiting, 'mine');
});

test('a lock whose process is gone, or that is too old, is broken', async t => {
  const file = await newFile(t);
  const lock = `${file}.lock`;
  // Process numbers end far below this one on every system.
  await writeFile(lock, `${String(2 ** 30)} ${hostname()} token`);
  t.is(await withFileLock(file, () => Promise.resolve(1)), 1);
  await writeFile(lock, `1 elsewhere token`);
  const longAgo = new Date(Date.now() - 3_600_000);
  await utimes(lock, longAgo, longAgo);
  t.is(await withFileLock(file, () => Promise.resolve(2)), 2);
  t.deepEqual(await readdir(dirname(file)), []);
});

test('a lock of another host that is fresh is respected', async t => {
  const file = await newFile(t);
  await writeFile(`${file}.lock`, `${String(2 ** 30)} elsewhere token`);
  await waitInVain(t, file);
  t.deepEqual(await readdir(dirname(file)), ['boards.json.lock']);
});

test('work that fails gives the lock back', async t => {
  const file = await newFile(t);
  await t.throwsAsync(
    withFileLock(file, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  t.is(await withFileLock(file, () => Promise.resolve(3)), 3);
});
