import test from 'ava';
import { withStallWatch } from '../../src/time/stall.js';
import { pause } from '../../src/time/deadline.js';

const options = { operation: 'testing', timeoutMs: 50 };

test('work that has a deadline of its own is no stall, however long it takes, and what follows is watched again', async t => {
  t.is(await withStallWatch(options, watch => watch.during(pause(200).then(() => 'done'))), 'done');
  const stalling = withStallWatch(options, async watch => {
    await watch.during(pause(200));
    await new Promise<void>(resolve => {
      watch.signal.addEventListener('abort', () => {
        resolve();
      });
    });
  });
  await t.throwsAsync(stalling, { code: 'TIMEOUT' });
  await t.throwsAsync(
    withStallWatch(options, watch => watch.during(Promise.reject(new Error('of its own')))),
    { message: 'of its own' },
  );
});
