import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TimeoutError } from '../../src/errors.js';
import { pull } from '../../src/files/pull.js';
import { push } from '../../src/files/push.js';
import { pause } from '../../src/time/deadline.js';
import type { ProgressEvent } from '../../src/time/progress.js';
import { settled } from './settled.js';
import { onEveryBoard, type SuiteContext } from './suite.js';
import { boardTree, makeTree, readRemote, writeRemote } from './trees.js';

const LARGE_BYTES = 9_000_000;

const isPart = (name: string): boolean => /^\.data\.[0-9a-f]{16}\.mdt-part$/.test(name);

/** Waits for a part of at least `bytes` that is not in `known`, and adds it: programs of the board may be late. */
async function newPart(
  { t, session, there }: Pick<SuiteContext, 't' | 'session' | 'there'>,
  known: Set<string>,
  bytes: number,
): Promise<void> {
  const sftp = await session.sftp();
  const deadline = performance.now() + 60_000;
  for (;;) {
    const parts = (await sftp.readdir(there)).filter(({ name }) => isPart(name) && !known.has(name));
    const part = parts.find(({ sizeBytes }) => sizeBytes >= bytes);
    if (part !== undefined) {
      known.add(part.name);
      return;
    }
    if (performance.now() > deadline) {
      t.fail(`the board has no part of ${String(bytes)} bytes`);
      return;
    }
    await pause(20);
  }
}

onEveryBoard(
  'a push over a link that breaks leaves the old file or the new one, whatever the moment, and resumes',
  async ({ t, board, session, here, there }) => {
    const content = randomBytes(LARGE_BYTES);
    await writeFile(join(here, 'data'), content);
    await writeRemote(session, `${there}/data`, 'old');
    const request = { sources: [join(here, 'data')], destination: there };
    const parts = new Set<string>();
    for (const cutAfterBytes of [6_000, 300_000, LARGE_BYTES * 0.7]) {
      const broken = await board.open({ cutAfterBytes });
      const error = await t.throwsAsync(push(broken, request), { code: 'TRANSPORT' });
      t.regex(error.message, /0 of 1 files are in place|connection/);
      t.is((await readRemote(session, `${there}/data`)).toString(), 'old');
      // A program that is late would take the part of the next push away, or have stored nothing when that resumes.
      if (cutAfterBytes === 300_000) await newPart({ t, session, there }, parts, 0);
      if (cutAfterBytes > 300_000) await newPart({ t, session, there }, parts, 1_000_001);
    }
    await settled(t, board, name => name === 'data' || isPart(name));
    const summary = await push(session, { ...request, options: { resume: true } });
    t.true(summary.resumedBytes > 1_000_000, `resumed ${String(summary.resumedBytes)} bytes`);
    t.is(summary.bytes + summary.resumedBytes, LARGE_BYTES);
    t.true(content.equals(await readRemote(session, `${there}/data`)));
    await settled(t, board, name => name === 'data');
  },
);

onEveryBoard('a part that is not the beginning of the file is not continued', async ({ t, session, here, there }) => {
  await writeFile(join(here, 'data'), randomBytes(LARGE_BYTES));
  const controller = new AbortController();
  const onProgress = (event: ProgressEvent): void => {
    if (event.kind === 'progress' && event.done > 1_000_000) controller.abort();
  };
  const request = { sources: [join(here, 'data')], destination: there };
  await push(session, request, { onProgress, signal: controller.signal }).catch(() => undefined);
  const part = (await (await session.sftp()).readdir(there)).find(({ name }) => isPart(name));
  if (!part) {
    t.pass('the transfer was quicker than the interruption');
    return;
  }
  await writeRemote(session, `${there}/${part.name}`, 'something else');
  const summary = await push(session, { ...request, options: { resume: true } });
  t.is(summary.resumedBytes, 0);
  t.true((await readFile(join(here, 'data'))).equals(await readRemote(session, `${there}/data`)));
});

onEveryBoard(
  'a push of a folder that breaks puts nothing half in place',
  async ({ t, board, session, here, there }) => {
    const tree: Record<string, Buffer> = {};
    for (let index = 0; index < 60; index++) tree[`d${String(index % 5)}/f${String(index)}`] = randomBytes(20_000);
    await makeTree(join(here, 'tree'), tree);
    const request = { sources: [join(here, 'tree')], destination: there };
    for (const cutAfterBytes of [5_000, 150_000, 700_000, 1_150_000]) {
      const broken = await board.open({ cutAfterBytes });
      await t.throwsAsync(push(broken, request), { code: 'TRANSPORT' });
    }
    const isWhole = (name: string): boolean => !name.includes('.mdt-') || name.endsWith('.mdt-part');
    await settled(t, board, name => isWhole(name) || board.folder === '');
    for (const [name, text] of Object.entries(await boardTree(session, there))) {
      t.true(text.startsWith('folder') || text.includes('20000 bytes'), `${name}: ${text}`);
    }
    await push(session, request);
    t.is(Object.keys(await boardTree(session, `${there}/tree`)).length, 65);
  },
);

onEveryBoard('an interrupted push leaves nothing half behind', async ({ t, board, session, here, there }) => {
  const tree: Record<string, Buffer> = {};
  for (let index = 0; index < 40; index++) tree[`f${String(index)}`] = randomBytes(40_000);
  await makeTree(join(here, 'tree'), tree);
  for (const afterMs of [0, 5, 30, 80]) {
    const controller = new AbortController();
    const slow = await board.open({ bytesPerS: 10_000_000 });
    const pushing = push(
      slow,
      { sources: [join(here, 'tree')], destination: there },
      { signal: controller.signal, onProgress: () => setTimeout(controller.abort.bind(controller), afterMs) },
    );
    const error: unknown = await pushing.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined) t.is((error as { code?: string }).code, 'ABORTED');
    await settled(t, board, name => !name.includes('.mdt-'));
  }
  for (const [name, text] of Object.entries(await boardTree(session, there))) {
    t.true(text.startsWith('folder') || text.includes('40000 bytes'), `${name}: ${text}`);
  }
});

onEveryBoard('a push over a link that stalls is a timeout, not a hang', async ({ t, board, here, there }) => {
  await writeFile(join(here, 'data'), randomBytes(LARGE_BYTES));
  await makeTree(join(here, 'tree'), { a: randomBytes(3_000_000), b: randomBytes(3_000_000) });
  for (const [name, stallAfterBytes] of [
    ['data', 400_000],
    ['tree', 400_000],
  ] as const) {
    const stalled = await board.open({ stallAfterBytes });
    const request = { sources: [join(here, name)], destination: there, options: { stallTimeoutMs: 700 } };
    const error = await t.throwsAsync(push(stalled, request), { instanceOf: TimeoutError, message: /while pushing/ });
    t.is(error.timeoutMs, 700);
  }
});

onEveryBoard(
  'a pull over a link that breaks leaves nothing half, and resumes',
  async ({ t, board, session, here, there }) => {
    const content = randomBytes(LARGE_BYTES);
    await writeFile(join(here, 'data'), content);
    await push(session, { sources: [join(here, 'data')], destination: there });
    await writeFile(join(here, 'data'), 'old');
    const request = { sources: [`${there}/data`], destination: `${here}/` };
    for (const cutAfterBytes of [20_000, LARGE_BYTES * 0.7]) {
      const broken = await board.open({ cutAfterBytes });
      await t.throwsAsync(pull(broken, request), { code: 'TRANSPORT' });
      t.is(await readFile(join(here, 'data'), 'utf8'), 'old');
    }
    const summary = await pull(session, { ...request, options: { resume: true } });
    t.true(summary.resumedBytes > 1_000_000, `resumed ${String(summary.resumedBytes)} bytes`);
    t.true(content.equals(await readFile(join(here, 'data'))));
    t.deepEqual(await readdir(here), ['data']);
  },
);

onEveryBoard(
  'a pull of a folder that breaks or stalls leaves nothing half',
  async ({ t, board, session, here, there }) => {
    const tree: Record<string, Buffer> = {};
    for (let index = 0; index < 40; index++) tree[`d${String(index % 3)}/f${String(index)}`] = randomBytes(20_000);
    await makeTree(join(here, 'tree'), tree);
    await push(session, { sources: [join(here, 'tree')], destination: there });
    const request = { sources: [`${there}/tree`], destination: `${here}/back/` };
    const broken = await board.open({ cutAfterBytes: 400_000 });
    await t.throwsAsync(pull(broken, request), { code: 'TRANSPORT' });
    const stalled = await board.open({ stallAfterBytes: 400_000 });
    await t.throwsAsync(pull(stalled, { ...request, options: { stallTimeoutMs: 700 } }), { code: 'TIMEOUT' });
    const names = await readdir(join(here, 'back'), { recursive: true });
    t.deepEqual(
      names.filter(name => name.includes('.mdt-')),
      [],
    );
    await pull(session, request);
    t.is((await readdir(join(here, 'back', 'tree'), { recursive: true })).length, 43);
  },
);
