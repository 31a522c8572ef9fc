import { stripVTControlCharacters } from 'node:util';
import test from 'ava';
import { BoardLines } from '../../../src/cli/output/board-lines.js';
import { Printer } from '../../../src/cli/output/printer.js';
import { FakeIo, type FakeIoOptions } from '../../fakes/cli-io.js';

/** Two boards of which one is told to be half done with a step, and the other to have failed. */
function tellOfTwo(options: Omit<FakeIoOptions, 'configDir'>, enabled = true): string {
  const io = new FakeIo({ configDir: '/nowhere', ...options });
  let nowMs = 0;
  using lines = new BoardLines({ io, printer: new Printer(io), enabled, now: () => (nowMs += 1000) });
  const [first, second] = [lines.listenerFor('usb:1-1'), lines.listenerFor('usb:1-1.4')];
  first({ kind: 'message', task: 'flash', text: 'Step 1 of 2: flash boot' });
  first({ kind: 'progress', task: 'flash boot', unit: 'bytes', done: 500, total: 1000 });
  second({ kind: 'failed', task: 'flash', error: new Error('x') });
  lines[Symbol.dispose]();
  return io.err;
}

test('on a terminal each board has its line, which is drawn over', t => {
  const text = tellOfTwo({ terminal: true });
  const last = text.split('\u001b[2A').at(-2) ?? '';
  t.is(last, '\rusb:1-1    Step 1 of 2: flash boot  50 %  500 B\u001b[K\n\rusb:1-1.4  failed\u001b[K\n');
  // And none is left of them when they are done.
  t.true(text.endsWith('\u001b[2A\u001b[J'));
});

test('elsewhere each step of each board is a line, without amounts', t => {
  t.is(tellOfTwo({}), 'usb:1-1: Step 1 of 2: flash boot\n');
});

test('in CI and with --no-progress there is nothing', t => {
  t.is(tellOfTwo({ terminal: true, env: { CI: '1' } }), '');
  t.is(tellOfTwo({ terminal: true }, false), '');
});

test('lines are not drawn more often than the eye can follow, and no wider than the terminal', t => {
  const io = new FakeIo({ configDir: '/nowhere', terminal: true });
  using lines = new BoardLines({ io, printer: new Printer(io), enabled: true, now: () => 0 });
  const listener = lines.listenerFor('usb:1-1');
  for (let done = 0; done < 100; done++) listener({ kind: 'progress', task: 'x', unit: 'bytes', done });
  t.is(io.err.split('\n').length, 2);
  listener({ kind: 'message', task: 'flash', text: 'x'.repeat(500) });
  t.true(
    io.err.split('\n').every(line => stripVTControlCharacters(line).replaceAll('\r', '').length < io.stderr.columns),
  );
});

test('the amount of a board stays whole where the words of its step do not fit, and its pauses are named', t => {
  const io = new FakeIo({ configDir: '/nowhere', terminal: true, columns: 40 });
  using lines = new BoardLines({ io, printer: new Printer(io), enabled: true, now: () => 0 });
  const listener = lines.listenerFor('usb:1-1');
  listener({ kind: 'message', task: 'flash', text: 'Step 12 of 13: flash rootfs with rootfs_arm64.img' });
  const piece = { kind: 'progress', task: 'x', unit: 'bytes', done: 600e6, total: 1.2e9 } as const;
  listener({ ...piece, detail: 'writing piece 2 of 10', isWaiting: true });
  t.regex(stripVTControlCharacters(io.err), /\rusb:1-1 {2}Step…? {2}writing piece 2 of 10\n/);
});
