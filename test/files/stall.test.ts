import test from 'ava';
import { withStallWatch } from '../../src/files/stall.js';
import { onAbort } from '../../src/time/deadline.js';

const OPTIONS = { operation: 'waiting', timeoutMs: 60 };

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    onAbort(signal, resolve);
  });
}

test('work that keeps moving may take as long as it takes', async t => {
  const result = await withStallWatch(OPTIONS, async watch => {
    for (let step = 0; step < 8; step++) {
      await new Promise(resolve => setTimeout(resolve, 20));
      watch.moved();
    }
    return 'done';
  });
  t.is(result, 'done');
});

test('work that stops is ended, even if it does not listen', async t => {
  await t.throwsAsync(
    withStallWatch(OPTIONS, () => new Promise(() => undefined)),
    { code: 'TIMEOUT', message: 'Timed out after 0.1 s while waiting.' },
  );
});

test('work that was ended may tidy up, and what it then says does not count', async t => {
  let tidied = false;
  const working = withStallWatch({ ...OPTIONS, tidyMs: 5000 }, async watch => {
    await whenAborted(watch.signal);
    await new Promise(resolve => setTimeout(resolve, 20));
    tidied = true;
    throw new Error('the way out was bumpy');
  });
  await t.throwsAsync(working, { code: 'TIMEOUT' });
  t.true(tidied);
});

test('the caller can end it', async t => {
  const controller = new AbortController();
  const working = withStallWatch({ ...OPTIONS, timeoutMs: 60_000, signal: controller.signal }, watch => {
    controller.abort();
    return whenAborted(watch.signal);
  });
  await t.throwsAsync(working, { code: 'ABORTED' });
  await t.throwsAsync(
    withStallWatch({ ...OPTIONS, signal: controller.signal }, () => Promise.resolve()),
    { code: 'ABORTED' },
  );
});
