import test from 'ava';
import { systemClock } from '../../src/time/clock.js';
import { VirtualClock } from '../fakes/virtual-clock.js';

/** Stops this thread, as Ctrl-Z does, or a host that has no time for it. */
function stop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Notes what happens, in order. */
function journal(): { readonly entries: string[]; readonly note: (entry: string) => () => void } {
  const entries: string[] = [];
  return { entries, note: entry => () => entries.push(entry) };
}

async function realTime(ms: number): Promise<void> {
  await new Promise<void>(resolve => {
    systemClock.after(ms, resolve);
  });
}

test.serial('what has come before the time is up is heard before the wait ends', async t => {
  const { entries, note } = journal();
  const { port1, port2 } = new MessageChannel();
  port2.once('message', note('answer'));
  const ended = realTime(1).then(note('time is up'));
  port1.postMessage('answer');
  stop(20);
  await ended;
  port1.close();
  t.deepEqual(entries, ['answer', 'time is up']);
});

test.serial('a wait through which the process was stopped begins again', async t => {
  const { entries, note } = journal();
  const ended = realTime(20).then(note('time is up'));
  // Work that needs more than one turn of the event loop.
  setTimeout(() => setTimeout(note('work'), 1), 1);
  stop(1200);
  await ended;
  t.deepEqual(entries, ['work', 'time is up']);
});

test('a wait that was cancelled does not end, and the clock goes on', async t => {
  const { entries, note } = journal();
  const before = systemClock.now();
  systemClock.after(1, note('cancelled'))();
  const cancel = systemClock.every(1, note('beat'));
  while (entries.length < 2) await realTime(1);
  cancel();
  await realTime(5);
  t.true(entries.every(entry => entry === 'beat'));
  t.true(systemClock.now() > before);
});

test('a wait of a month is no wait of one millisecond', async t => {
  const { entries, note } = journal();
  const cancel = systemClock.after(30 * 24 * 3_600_000, note('a month'));
  await realTime(5);
  cancel();
  t.deepEqual(entries, []);
});

test('a virtual clock ends waits in their order, each at its own time', async t => {
  const clock = new VirtualClock(100);
  const ended: string[] = [];
  clock.after(30, () => ended.push(`late ${String(clock.now())}`));
  clock.after(10, () => {
    ended.push(`early ${String(clock.now())}`);
    clock.after(5, () => ended.push(`then ${String(clock.now())}`));
  });
  clock.after(10, () => ended.push('never'))();
  const cancel = clock.every(12, () => ended.push(`beat ${String(clock.now())}`));
  await clock.advance(25);
  t.deepEqual(ended, ['early 110', 'beat 112', 'then 115', 'beat 124']);
  cancel();
  t.deepEqual(clock.waits, [5]);
  await clock.advanceToNext();
  t.is(ended.at(-1), 'late 130');
});
