import test from 'ava';
import type { ExecutionContext } from 'ava';
import { Printer } from '../../../src/cli/output/printer.js';
import { ProgressView, type ProgressOptions } from '../../../src/cli/output/progress.js';
import { FakeIo, type FakeIoOptions } from '../../fakes/cli-io.js';
import { tempDir } from '../../fixtures/temp-dir.js';

/** Half of 10 MB after `halfAtMs`, then the end. */
async function transfer(
  t: ExecutionContext,
  halfAtMs: number,
  options: Partial<FakeIoOptions> & Pick<Partial<ProgressOptions>, 'enabled' | 'messages'>,
): Promise<string> {
  const io = new FakeIo({ configDir: await tempDir(t), env: { CI: '' }, ...options });
  let nowMs = 0;
  using view = new ProgressView({
    io,
    printer: new Printer(io),
    ...(options.messages ? { messages: options.messages } : {}),
    enabled: options.enabled ?? true,
    now: () => nowMs,
  });
  const task = 'push';
  view.onProgress({ kind: 'started', task, unit: 'bytes', total: 10e6 });
  view.onProgress({ kind: 'progress', task, unit: 'bytes', done: 0, total: 10e6, detail: 'a.bin' });
  nowMs = halfAtMs;
  view.onProgress({ kind: 'progress', task, unit: 'bytes', done: 5e6, total: 10e6, detail: 'a.bin' });
  view.onProgress({ kind: 'message', task, text: 'a.bin is large' });
  view.onProgress({ kind: 'finished', task, unit: 'bytes', done: 10e6 });
  t.is(io.out, '');
  return io.err.replaceAll('\u001b[K', '<clear>');
}

test('a terminal gets a bar with real counts, and is clean at the end', async t => {
  const err = await transfer(t, 1000, { terminal: true });
  t.regex(err, /\rpush {2}█{12}░{12} {2}50 % {2}5\.0 MB of 10\.0 MB {2}5\.0 MB\/s {2}0:01 left {2}a\.bin<clear>/);
  t.regex(err, /\r<clear>a\.bin is large\n$/);
});

test('a log gets a line now and then, and none for what is quick', async t => {
  t.is(await transfer(t, 6000, {}), 'push: 50 %, 5.0 MB of 10.0 MB, 833 kB/s, 0:06 left\na.bin is large\n');
  t.is(await transfer(t, 1000, {}), 'a.bin is large\n');
});

test('CI and --no-progress leave the messages alone', async t => {
  t.is(await transfer(t, 6000, { terminal: true, env: { CI: 'true' } }), 'a.bin is large\n');
  t.is(await transfer(t, 6000, { terminal: true, enabled: false }), 'a.bin is large\n');
});

test('fleeting messages stand where the bar is, and leave no trace', async t => {
  const err = await transfer(t, 1000, { terminal: true, messages: 'fleeting' });
  t.regex(err, /\rpush {2}a\.bin is large<clear>\r<clear>$/);
  t.is(await transfer(t, 1000, { messages: 'fleeting' }), '');
});

/** What is drawn of a flash in four pieces: each takes 8 s to send and 60 s to write. */
async function flashLines(t: ExecutionContext, columns?: number): Promise<string[]> {
  const terminal = columns === undefined ? {} : { terminal: true, columns };
  const io = new FakeIo({ configDir: await tempDir(t), env: { CI: '' }, ...terminal });
  let nowMs = 0;
  using view = new ProgressView({ io, printer: new Printer(io), enabled: true, now: () => nowMs });
  const [task, total] = ['flash rootfs', 1_200_000_000];
  view.onProgress({ kind: 'started', task, unit: 'bytes', total });
  let done = 0;
  for (let piece = 1; piece <= 4; piece++) {
    const detail = `sending piece ${String(piece)} of 4`;
    view.onProgress({ kind: 'progress', task, unit: 'bytes', done, total, detail });
    for (let packet = 0; packet < 100; packet++) {
      nowMs += 80;
      done += total / 400;
      view.onProgress({ kind: 'progress', task, unit: 'bytes', done, total, detail });
    }
    const writing = `writing piece ${String(piece)} of 4`;
    view.onProgress({ kind: 'progress', task, unit: 'bytes', done, total, detail: writing, isWaiting: true });
    nowMs += 60_000;
  }
  return io.err.split(/\r|\n/).map(line => line.replace('\u001b[K', ''));
}

test('a pause in which the board writes is named, and is no part of the speed', async t => {
  const lines = await flashLines(t, 120);
  const sending = lines.filter(line => line.includes('sending piece 4 of 4'));
  t.true(sending.length > 50);
  for (const line of sending) t.regex(line, / {2}37\.5 MB\/s {2}/);
  // 300 MB are left behind the third pause, and took 68 s each time.
  t.regex(sending[0] ?? '', / 1:0\d left /);
  t.regex(lines.findLast(line => line.includes('writing piece 2 of 4')) ?? '', /50 % {2}600 MB of 1\.2 GB {2}writing/);
  t.regex((await flashLines(t)).join('\n'), /^flash rootfs: 50 %, 600 MB of 1\.2 GB, writing piece 2 of 4$/m);
});

for (const columns of [120, 80, 60, 40, 20]) {
  test(`no number is cut where a terminal has ${String(columns)} columns`, async t => {
    const lines = (await flashLines(t, columns)).filter(line => line !== '');
    t.true(lines.length > 100);
    for (const line of lines) {
      t.true(line.length < columns, line);
      const words = line.replace(/[█░]+ +/, '');
      const parts =
        /^flash rootfs( +\d+ %)?( +[\d.]+ [MG]?B of 1\.2 GB)?( +[\d.]+ MB\/s)?( +[\d:]+ left)?( +\w+ piece \d of 4)?$/;
      t.regex(words, parts);
    }
    const hasPieces = lines.some(line => line.endsWith('writing piece 2 of 4'));
    t.is(hasPieces, columns >= 40);
  });
}

test('a count that begins anew has no negative speed', async t => {
  const io = new FakeIo({ configDir: await tempDir(t), env: { CI: '' }, terminal: true });
  let nowMs = 0;
  using view = new ProgressView({ io, printer: new Printer(io), enabled: true, now: () => nowMs });
  const task = 'bench';
  view.onProgress({ kind: 'started', task, unit: 'steps' });
  // Warming up, measuring, and two Edge TPUs that tell of themselves in turn.
  for (const done of [0, 50, 100, 0, 40, 80, 20, 90, 30, 100]) {
    nowMs += 500;
    view.onProgress({ kind: 'progress', task, unit: 'steps', done, total: 100, detail: 'm.tflite running' });
  }
  t.notRegex(io.err, /-\d/);
  t.regex(io.err, /\d\/s/);
});

test('the name of a file is cut where it does not fit, and says so', async t => {
  const io = new FakeIo({ configDir: await tempDir(t), env: { CI: '' }, terminal: true, columns: 80 });
  using view = new ProgressView({ io, printer: new Printer(io), enabled: true, now: () => 1000 });
  const detail = `${'long-name/'.repeat(10)}1234567890`;
  view.onProgress({ kind: 'progress', task: 'push', unit: 'bytes', done: 5e6, total: 10e6, detail });
  t.regex(
    io.err.replace('\u001b[K', '<clear>'),
    /^\rpush {2}█{6}░{6} {2}50 % {2}5\.0 MB of 10\.0 MB {2}long-name\/long-[^1]*…<clear>$/,
  );
});
