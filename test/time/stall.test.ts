import test from 'ava';
import { AbortedError } from '../../src/errors.js';
import { pause } from '../../src/time/deadline.js';
import { withStallWatch } from '../../src/time/stall.js';
import { VirtualClock } from '../fakes/virtual-clock.js';

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>(resolve => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}

const options = { operation: 'testing', timeoutMs: 50 };

test('work goes on for as long as it moves', async t => {
  const clock = new VirtualClock();
  const working = withStallWatch({ ...options, clock }, async ({ moved, signal }) => {
    for (let count = 0; count < 10; count++) {
      await pause(40, signal, clock);
      moved();
    }
    return clock.now();
  });
  await clock.advance(400);
  t.is(await working, 400);
  t.deepEqual(clock.waits, []);
});

test('work that has a deadline of its own is no stall, however long it takes, and what follows is watched again', async t => {
  const clock = new VirtualClock();
  const stalling = withStallWatch({ ...options, clock }, async watch => {
    await watch.during(pause(2000, undefined, clock));
    await aborted(watch.signal);
  });
  const ended = t.throwsAsync(stalling, { code: 'TIMEOUT' });
  await clock.advance(2049);
  t.is(clock.waits.length, 1);
  await clock.advance(1);
  await ended;
  await t.throwsAsync(
    withStallWatch(options, watch => watch.during(Promise.reject(new Error('of its own')))),
    { message: 'of its own' },
  );
});

test('work that was ended has its time for tidying up, whether it stalled or the caller aborted it', async t => {
  const clock = new VirtualClock();
  const tidied: number[] = [];
  const controller = new AbortController();
  const start = async (): Promise<void> =>
    withStallWatch({ ...options, clock, tidyMs: 100, signal: controller.signal }, async ({ signal }) => {
      await aborted(signal);
      await pause(90, undefined, clock);
      tidied.push(clock.now());
    });
  const stalled = t.throwsAsync(start(), { code: 'TIMEOUT' });
  await clock.advance(140);
  await stalled;
  const interrupted = t.throwsAsync(start(), { instanceOf: AbortedError });
  controller.abort();
  await clock.advance(90);
  await interrupted;
  t.deepEqual(tidied, [140, 230]);
  t.deepEqual(clock.waits, []);
});
