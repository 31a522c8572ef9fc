import test from 'ava';
import { discover } from '../../src/discovery/discover.js';
import { watch } from '../../src/discovery/watch.js';
import { withDeadline } from '../../src/time/deadline.js';
import { until } from '../../src/time/retry.js';

// Alone in this file, since it counts what the whole process holds open.
function openHandles(): string[] {
  return process.getActiveResourcesInfo().filter(kind => kind === 'UDPWrap' || kind === 'TCPSocketWrap');
}

test('a search leaves no socket open, however it ends', async t => {
  const before = openHandles().length;
  await discover({ timeoutMs: 50 });
  const controller = new AbortController();
  const searching = discover({ signal: controller.signal });
  setImmediate(() => {
    controller.abort();
  });
  await t.throwsAsync(searching);
  const watching = watch({ signal: AbortSignal.timeout(50) });
  await watching.next();
  await watching.return();
  // The system closes them on one of the next turns of the event loop.
  const deadline = { operation: 'waiting for the sockets to close', timeoutMs: 60_000 };
  await withDeadline(deadline, signal =>
    until({ intervalMs: 5, signal }, () => Promise.resolve(openHandles().length === before || undefined)),
  );
  t.pass();
});
