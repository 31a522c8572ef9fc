import test from 'ava';
import { AbortedError, TimeoutError } from '../../src/errors.js';
import { pause, withDeadline } from '../../src/time/deadline.js';
import { VirtualClock } from '../fakes/virtual-clock.js';

const forever = (): Promise<never> => new Promise(() => undefined);

test('work that does not end is ended by the deadline, and told so by its signal', async t => {
  let given: AbortSignal | undefined;
  const clock = new VirtualClock();
  const ended = withDeadline({ operation: 'waiting', timeoutMs: 60_000, hint: 'Be patient.', clock }, signal => {
    given = signal;
    return forever();
  });
  const thrown = t.throwsAsync(ended, { instanceOf: TimeoutError });
  await clock.advance(59_999);
  t.false(given?.aborted);
  await clock.advance(1);
  const error = await thrown;
  t.is(error.hint, 'Be patient.');
  t.is(given?.reason, error);
});

test('the caller ends it sooner, also before it begins', async t => {
  const controller = new AbortController();
  const deadline = { operation: 'waiting', timeoutMs: 60_000, signal: controller.signal };
  const ended = withDeadline(deadline, forever);
  controller.abort();
  await t.throwsAsync(ended, { instanceOf: AbortedError });
  await t.throwsAsync(withDeadline(deadline, forever), { instanceOf: AbortedError });
});

test('work that ends in time leaves no wait behind', async t => {
  const clock = new VirtualClock();
  t.is(await withDeadline({ operation: 'waiting', timeoutMs: 1000, clock }, () => Promise.resolve('done')), 'done');
  t.deepEqual(clock.waits, []);
});

test('a pause ends when its time is up or its signal aborts, and leaves no wait behind', async t => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const short = pause(10, controller.signal, clock);
  const long = t.throwsAsync(pause(1000, controller.signal, clock), { instanceOf: AbortedError });
  await clock.advance(10);
  await short;
  controller.abort();
  await long;
  t.deepEqual(clock.waits, []);
});
