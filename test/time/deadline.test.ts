import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import test from 'ava';
import { AbortedError, TimeoutError } from '../../src/errors.js';
import { withDeadline } from '../../src/time/deadline.js';

/** Stops this thread, as a host does that has no time for it. */
function sleepThrough(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const forever = (): Promise<never> => new Promise(() => undefined);

test('work that does not end is ended by the deadline, and told so by its signal', async t => {
  let given: AbortSignal | undefined;
  const error = await t.throwsAsync(
    withDeadline({ operation: 'waiting', timeoutMs: 20, hint: 'Be patient.' }, signal => {
      given = signal;
      return forever();
    }),
    { instanceOf: TimeoutError },
  );
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

test('what this process slept through does not count: an answer that came meanwhile is heard', async t => {
  const server = createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const asking = withDeadline({ operation: 'asking', timeoutMs: 1000 }, async () => {
    socket.write('question');
    return String((await once(socket, 'data'))[0]);
  });
  sleepThrough(1500);
  t.is(await asking, 'question');
  socket.destroy();
  server.close();
});
