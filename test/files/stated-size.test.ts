import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { IncompleteTransferError } from '../../src/files/incomplete.js';
import { pull } from '../../src/files/pull.js';
import { push } from '../../src/files/push.js';
import type { SshSession } from '../../src/ssh/session.js';
import { boards } from './boards.js';
import { onEveryBoard } from './suite.js';
import { localTree } from './trees.js';
import { tempDir } from '../fixtures/temp-dir.js';

const openssh = boards.find(({ name }) => name === 'OpenSSH');
const onLinux = process.platform === 'linux' && openssh?.missing === undefined ? test.serial : test.skip;

async function session(t: ExecutionContext): Promise<SshSession> {
  const board = await openssh?.start(t);
  if (board === undefined) throw new Error('there is no OpenSSH');
  return board.open();
}

onLinux('what the kernel states as empty or larger than it is arrives as what is read of it', async t => {
  const sources = ['/proc/version', '/proc/cmdline', '/sys/class/net/lo/mtu', '/proc/filesystems'].filter(existsSync);
  const here = await tempDir(t);
  const summary = await pull(await session(t), { sources, destination: `${here}/` });
  t.is(summary.files, sources.length);
  for (const source of sources) {
    const expected = await readFile(source);
    t.true(expected.length > 0);
    t.deepEqual(await readFile(join(here, source.slice(source.lastIndexOf('/') + 1))), expected, source);
  }
});

onLinux('every file below a folder of /proc that SFTP reads twice alike arrives with the same bytes', async t => {
  const sleeper = spawn('sleep', ['300'], { stdio: 'ignore' });
  t.teardown(() => sleeper.kill());
  const root = `/proc/${String(sleeper.pid)}`;
  const board = await session(t);
  const here = await tempDir(t);
  const before = await readFiles(board, root);
  const pulling = pull(board, {
    sources: [`${root}/.`],
    destination: `${here}/`,
    options: { exclude: ['map_files', 'task'] },
  });
  await t.throwsAsync(pulling, { instanceOf: IncompleteTransferError });
  const after = await readFiles(board, root);
  let compared = 0;
  for (const [name, content] of before) {
    if (SHARED.test(name) || after.get(name)?.equals(content) !== true) continue;
    t.true((await readFile(join(here, name))).equals(content), name);
    compared++;
  }
  t.true(compared > 15, String(compared));
});

/** They count what other processes, such as the one that reads them, have in common with this one. */
const SHARED = /^(numa_maps|smaps|smaps_rollup)$/;
const MAX_READ_BYTES = 4_000_000;

/** What SFTP reads of the files in a folder; those that it cannot read, or that have no end, are absent. */
async function readFiles(board: SshSession, folder: string): Promise<Map<string, Buffer>> {
  const sftp = await board.sftp();
  const read = new Map<string, Buffer>();
  for (const { name, type } of await sftp.readdir(folder)) {
    if (type !== 'file') continue;
    const content = await readBySftp(board, `${folder}/${name}`).catch(() => undefined);
    if (content) read.set(name, content);
  }
  return read;
}

async function readBySftp(board: SshSession, path: string): Promise<Buffer | undefined> {
  await using file = await (await board.sftp()).open(path, 'read');
  const parts: Buffer[] = [];
  for (let at = 0; at < MAX_READ_BYTES;) {
    const part = await file.read(32_768, at);
    if (part.length === 0) return Buffer.concat(parts);
    parts.push(part);
    at += part.length;
  }
  return undefined;
}

onLinux('what cannot be read is listed with its reason, and all else arrives', async t => {
  const sleeper = spawn('sleep', ['300'], { stdio: 'ignore' });
  t.teardown(() => sleeper.kill());
  const [there, here] = [await tempDir(t), await tempDir(t)];
  await writeFile(join(there, 'a.txt'), 'a');
  const mem = `/proc/${String(sleeper.pid)}/mem`;
  const pulling = pull(await session(t), { sources: [mem, `${there}/a.txt`], destination: here });
  const error = await t.throwsAsync(pulling, { instanceOf: IncompleteTransferError });
  t.is(error.exitCode, 5);
  t.deepEqual(error.missing, [{ path: mem, reason: 'Input/output error' }]);
  t.is(error.message, `1 of 2 files was not pulled: ${mem} (Input/output error).`);
  t.is(error.summary.files, 1);
  t.deepEqual(await readdir(here), ['a.txt']);
});

onEveryBoard('empty files are empty, and the second pull finds them unchanged', async ({ t, session, here, there }) => {
  await mkdir(join(here, 'from'));
  for (const name of ['a', 'b', 'c']) await writeFile(join(here, 'from', name), '');
  await push(session, { sources: [join(here, 'from')], destination: there });
  const request = { sources: [`${there}/from`], destination: `${here}/to/` };
  t.is((await pull(session, request)).files, 3);
  t.deepEqual(await localTree(join(here, 'to', 'from')), await localTree(join(here, 'from')));
  const second = await pull(session, request);
  t.deepEqual([second.files, second.unchanged], [0, 3]);
});

onEveryBoard('times before 1970 survive both ways', async ({ t, session, here, there }) => {
  const path = join(here, 'old');
  await writeFile(path, 'old');
  await utimes(path, -3_600_000, -3_600_000);
  await push(session, { sources: [path], destination: there });
  await pull(session, { sources: [`${there}/old`], destination: `${here}/back` });
  t.is(await readFile(join(here, 'back'), 'utf8'), 'old');
});
