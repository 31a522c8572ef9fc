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
