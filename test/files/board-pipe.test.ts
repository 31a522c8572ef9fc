import { PassThrough, Readable, Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { join } from 'node:path';
import test from 'ava';
import { BoardPipe } from '../../src/files/board-pipe.js';
import { push } from '../../src/files/push.js';
import type { RemoteExit, RemoteProcess } from '../../src/ssh/session.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { fakeSession } from './fake-session.js';
import { makeTree } from './trees.js';

/** A program on the board that says `stdout`, takes what it is sent, and ends when `exit` says so. */
function program(stdout: Readable, exit: Promise<RemoteExit>): RemoteProcess {
  const stdin = new PassThrough();
  stdin.resume();
  const nothing = (): void => undefined;
  return {
    stdin,
    stdout,
    stderr: new PassThrough(),
    exit,
    resize: nothing,
    kill: nothing,
    close: () => stdout.destroy(),
  };
}

function deferred(): { promise: Promise<RemoteExit>; resolve: (exit: RemoteExit) => void } {
  let resolve: (exit: RemoteExit) => void = () => undefined;
  const promise = new Promise<RemoteExit>(settle => {
    resolve = settle;
  });
  return { promise, resolve };
}

async function* endlessLines(): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.from('x\n'.repeat(1000));
    await setImmediate();
  }
}

test('lines are told in their order, and no more than the first few of a flood', async t => {
  const stdout = new PassThrough();
  const ending = deferred();
  const pipe = new BoardPipe(program(stdout, ending.promise));
  stdout.write('ready\npro');
  t.is(await pipe.line(), 'ready');
  stdout.write('bed\n');
  t.is(await pipe.line(), 'probed');
  stdout.end('x\n'.repeat(100_000));
  await new Promise(resolve => stdout.once('end', resolve));
  ending.resolve({ kind: 'exit', code: 0 });
  let lines = 0;
  while ((await pipe.line()) !== undefined) lines++;
  t.true(lines < 100, String(lines));
});

test('what is sent may be used again when it is said to be taken; nothing is taken after the end', async t => {
  const taken: (() => void)[] = [];
  const stdin = new Writable({ write: (_chunk, _encoding, done) => void taken.push(done) });
  const ending = deferred();
  const pipe = new BoardPipe({ ...program(new PassThrough(), ending.promise), stdin });
  let isTold = false;
  const sending = pipe.send('first').finally(() => (isTold = true));
  await setImmediate();
  t.false(isTold);
  taken.shift()?.();
  t.true(await sending);
  const stuck = pipe.send('second');
  ending.resolve({ kind: 'exit', code: 1 });
  await stuck;
  t.false(await pipe.send('third'));
});

test('a board that says lines for ever has not moved, and is given up', async t => {
  const folder = await tempDir(t);
  await makeTree(folder, { 'a/file': 'hello' });
  const survey = ['mdt-push-survey-1', 'folder', '', '/home/mendel', '1000 4096'];
  const base = ['d', '4096', '755', '1600000000.0', '1', '.', '', ''];
  const stdout = Buffer.from([...survey, ...base].map(field => `${field}\0`).join(''));
  const session = {
    ...fakeSession(() => ({ stdout })),
    exec: () => Promise.resolve(program(Readable.from(endlessLines()), new Promise(() => undefined))),
  };
  const request = { sources: [join(folder, 'a')], destination: '/home/mendel/', options: { stallTimeoutMs: 300 } };
  await t.throwsAsync(push(session, request), { code: 'TIMEOUT' });
});
