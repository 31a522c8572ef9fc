import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import anyTest, { type ExecutionContext } from 'ava';
import { AbortedError, ProtocolError, TimeoutError, TransportError } from '../../src/errors.js';
import { quoteWords } from '../../src/ssh/quote.js';
import { startFakeSshServer } from '../fakes/ssh-server.js';
import { startTcpProxy } from '../fakes/tcp-server.js';
import { peers, running, type RunningPeer } from './peers.js';

/** Reads nothing and runs as long as its connection is there, or for ten seconds. */
const HANG =
  'i=0; while [ $PPID -gt 1 ] && kill -0 $PPID 2>/dev/null && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done';

// One after the other: some of these move a lot, and deadlines are real.
for (const peer of peers) {
  const test = (title: string, body: (t: ExecutionContext, peer: RunningPeer) => Promise<void>): void => {
    if (peer.missing !== undefined) anyTest.skip(`${peer.name}: ${title} (skipped: ${peer.missing})`, () => undefined);
    else anyTest.serial(`${peer.name}: ${title}`, async t => body(t, await peer.start(t)));
  };

  test('stdout, stderr and the exit code come apart', async (t, peer) => {
    const session = await peer.open();
    const { stdout, stderr, exit } = await session.run('echo out; echo err >&2; exit 3');
    t.is(stdout.toString(), 'out\n');
    t.is(stderr.toString(), 'err\n');
    t.deepEqual(exit, { kind: 'exit', code: 3 });
  });

  test('a program that a signal ends tells which', async (t, peer) => {
    const session = await peer.open();
    t.deepEqual((await session.run('kill -TERM $$')).exit, { kind: 'signal', signal: 'TERM' });
  });

  test('an exit code is never missed, however fast it comes', async (t, peer) => {
    const session = await peer.open();
    for (let code = 0; code < 25; code++) {
      t.deepEqual((await session.run(`exit ${String(code)}`)).exit, { kind: 'exit', code });
    }
  });

  test('megabytes go there and back byte for byte', async (t, peer) => {
    const session = await peer.open();
    const input = randomBytes(9_000_000);
    const { stdout } = await session.run('cat', { input, maxOutputBytes: input.length });
    t.true(stdout.equals(input));
  });

  test('many small writes arrive whole and in order', async (t, peer) => {
    const session = await peer.open();
    const remote = await session.exec('cat');
    const output = collect(remote.stdout);
    remote.stderr.resume();
    for (let index = 0; index < 20_000; index++) remote.stdin.write(`${String(index)}\n`);
    remote.stdin.end();
    t.deepEqual(await remote.exit, { kind: 'exit', code: 0 });
    t.is((await output).toString(), Array.from({ length: 20_000 }, (_, index) => `${String(index)}\n`).join(''));
  });

  test('a writer has to wait for a program that does not read', async (t, peer) => {
    const session = await peer.open();
    const remote = await session.exec(HANG);
    remote.stdout.resume();
    remote.stderr.resume();
    let written = 0;
    // Each callback means that the piece has found room in the window of the board.
    for (let index = 0; index < 300; index++) {
      remote.stdin.write(Buffer.alloc(65_536), error => {
        if (!error) written++;
      });
    }
    for (let index = 0; index < 20; index++) await session.run('true');
    t.true(written * 65_536 <= 8 * 1024 * 1024, String(written));
    remote.close();
    await remote.exit;
  });

  test('output that nobody reads stays on the board', async (t, peer) => {
    const session = await peer.open();
    // ssh2's own server mixes the two streams up when both have to wait; there only stdout is flooded.
    const flood = 'head -c 20000000 /dev/zero';
    const remote = await session.exec(peer.name === 'OpenSSH' ? `${flood} >&2 & ${flood}; wait` : flood);
    // stderr flows while nobody reads stdout: the window they share must not open for it.
    remote.stderr.resume();
    await once(remote.stdout, 'readable');
    // A round trip on the same connection: by then the board has sent all that it may.
    for (let index = 0; index < 20; index++) await session.run('true');
    t.true(remote.stdout.readableLength <= 4 * 1024 * 1024, String(remote.stdout.readableLength));
    const hash = createHash('sha256');
    remote.stdout.on('data', (chunk: Buffer) => hash.update(chunk));
    t.deepEqual(await remote.exit, { kind: 'exit', code: 0 });
    t.is(hash.digest('hex'), createHash('sha256').update(Buffer.alloc(20_000_000)).digest('hex'));
  });

  test('several programs run side by side on one connection', async (t, peer) => {
    const session = await peer.open();
    const runs = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => session.run(`echo ${String(index)}; exit ${String(index)}`)),
    );
    runs.forEach(({ stdout, exit }, index) => {
      t.is(stdout.toString(), `${String(index)}\n`);
      t.deepEqual(exit, { kind: 'exit', code: index });
    });
  });

  test('quoted words arrive as they are', async (t, peer) => {
    const session = await peer.open();
    const words = [
      'a b',
      "it's",
      '$HOME',
      '`id`',
      '\\',
      '"',
      '',
      'line\nbreak',
      '*',
      '~',
      'ü',
      '!x',
      '#',
      '-n',
      '; rm x',
    ];
    const { stdout } = await session.run(quoteWords(['printf', '%s\\0', ...words]));
    t.deepEqual(stdout.toString().split('\0').slice(0, -1), words);
  });

  test('a program that ends without reading its input ends the run', async (t, peer) => {
    const session = await peer.open();
    const { exit } = await session.run('exit 4', { input: randomBytes(8_000_000) });
    t.deepEqual(exit, { kind: 'exit', code: 4 });
  });

  test('a command that takes too long is ended, and the session goes on', async (t, peer) => {
    const session = await peer.open();
    const slow = session.run(HANG, { timeoutMs: 200, operation: 'sleeping on the board' });
    const error = await t.throwsAsync(slow, { instanceOf: TimeoutError });
    t.regex(error.message, /while sleeping on the board/);
    t.is((await session.run('echo still here')).stdout.toString(), 'still here\n');
  });

  test('a command that says too much is a protocol error, and the session goes on', async (t, peer) => {
    const session = await peer.open();
    await t.throwsAsync(session.run('yes', { maxOutputBytes: 1000 }), { instanceOf: ProtocolError });
    t.is((await session.run('echo still here')).stdout.toString(), 'still here\n');
  });

  test('an abort ends the program', async (t, peer) => {
    const session = await peer.open();
    const abort = new AbortController();
    const remote = await session.exec(`echo started; ${HANG}`, { signal: abort.signal });
    await once(remote.stdout, 'readable');
    abort.abort();
    // Also where the server keeps the channel until the program has ended.
    t.deepEqual(await remote.exit, { kind: 'lost' });
    t.is((await collect(remote.stdout)).toString(), 'started\n');
    await t.throwsAsync(session.exec('true', { signal: abort.signal }), { instanceOf: AbortedError });
  });

  test('an abort ends the wait for a board that has not answered yet, and the program if it does', async (t, peer) => {
    const session = await peer.open();
    const abort = new AbortController();
    const starting = session.exec(HANG, { signal: abort.signal });
    abort.abort();
    await t.throwsAsync(starting, { instanceOf: AbortedError });
    t.is((await session.run('echo still here')).stdout.toString(), 'still here\n');
  });

  // OpenSSH passes signals on from 7.9 on, and never to programs of root.
  if (peer.passesSignals) {
    test('a signal can be sent to the program', async (t, peer) => {
      const session = await peer.open();
      const remote = await session.exec(HANG);
      remote.stdout.resume();
      remote.stderr.resume();
      remote.kill('TERM');
      t.deepEqual(await remote.exit, { kind: 'signal', signal: 'TERM' });
    });

    test('a signal can be sent to a program whose input has ended', async (t, peer) => {
      const session = await peer.open();
      const remote = await session.exec('exec sleep 600');
      remote.stdout.resume();
      remote.stderr.resume();
      remote.stdin.end();
      await once(remote.stdin, 'finish');
      remote.kill('TERM');
      t.deepEqual(await remote.exit, { kind: 'signal', signal: 'TERM' });
    });
  }

  test('a connection that breaks ends programs as lost and tells the session', async (t, peer) => {
    const proxy = await startTcpProxy(t, peer.port);
    const session = await peer.open({ port: proxy.port });
    const remote = await session.exec(`echo started; ${HANG}`);
    await once(remote.stdout, 'readable');
    remote.stderr.resume();
    const blocked = t.throwsAsync(session.exec('head -c 1 /dev/zero'), { instanceOf: TransportError });
    for (const socket of proxy.sockets) socket.destroy();
    const output = collect(remote.stdout);
    t.deepEqual(await remote.exit, { kind: 'lost' });
    t.is((await output).toString(), 'started\n');
    t.true((await session.closed) instanceof TransportError);
    t.true(remote.stdin.destroyed);
    await blocked;
    await t.throwsAsync(session.exec('true'), { instanceOf: TransportError });
    await t.throwsAsync(session.sftp(), { instanceOf: TransportError });
    remote.kill('TERM');
    remote.resize({ columns: 1, rows: 1 });
    remote.close();
  });

  test('a writer learns that the connection broke even if nobody reads', async (t, peer) => {
    const proxy = await startTcpProxy(t, peer.port);
    const session = await peer.open({ port: proxy.port });
    const remote = await session.exec(HANG);
    const failed = new Promise(resolve => remote.stdin.once('close', resolve));
    remote.stdin.write(randomBytes(6_000_000));
    for (const socket of proxy.sockets) socket.destroy();
    await failed;
    t.true(remote.stdin.errored instanceof TransportError);
  });

  test('garbage in the middle ends the session, also if the board keeps the connection open', async (t, peer) => {
    const proxy = await startTcpProxy(t, peer.port);
    const session = await peer.open({ port: proxy.port });
    const remote = await session.exec(HANG);
    remote.stdout.resume();
    remote.stderr.resume();
    proxy.freeze();
    proxy.inject(Buffer.alloc(200, 0x41));
    t.true((await session.closed) instanceof TransportError);
    t.deepEqual(await remote.exit, { kind: 'lost' });
  });

  test('a dead link is noticed by keep-alives', async (t, peer) => {
    const proxy = await startTcpProxy(t, peer.port);
    const session = await peer.open({ port: proxy.port, keepAliveIntervalMs: 400 });
    const remote = await session.exec(HANG);
    remote.stdout.resume();
    remote.stderr.resume();
    proxy.freeze();
    const lost = await session.closed;
    t.true(lost instanceof TransportError);
    t.regex(String(lost), /stopped answering/);
    t.deepEqual(await remote.exit, { kind: 'lost' });
  });

  test('a quiet link is kept by keep-alives', async (t, peer) => {
    const session = await peer.open({ keepAliveIntervalMs: 400 });
    // Longer than the time after which a link without answers would be given up.
    t.deepEqual((await session.run('sleep 2.5')).exit, { kind: 'exit', code: 0 });
  });

  test('close ends everything, says so without an error, and may be called again', async (t, peer) => {
    const session = await peer.open();
    const remote = await session.exec(HANG);
    remote.stdout.resume();
    remote.stderr.resume();
    await session.close();
    t.is(await session.closed, undefined);
    t.deepEqual(await remote.exit, { kind: 'lost' });
    await session.close();
    await t.throwsAsync(session.exec('true'), { instanceOf: TransportError });
  });

  test('compression is used where it is asked for', async (t, peer) => {
    const session = await peer.open({ compress: true });
    const input = Buffer.alloc(3_000_000, 'text that can be made shorter. ');
    const { stdout } = await session.run('cat', { input });
    t.true(stdout.equals(input));
  });
}

anyTest('a server that sends more than the window allows is cut off', async t => {
  let isFlooding = true;
  const server = await startFakeSshServer(t, {
    onExec: channel => {
      const { outgoing } = channel as unknown as { outgoing: { window: number } };
      const send = (): void => {
        if (!isFlooding) return;
        outgoing.window = 1e9;
        // Not a divisor of the window: ssh2 drops what comes after a window that is exactly used up.
        for (let index = 0; index < 20; index++) channel.write(Buffer.alloc(30_001));
        setImmediate(send);
      };
      send();
    },
  });
  const session = await running(t, { name: 'fake', port: server.port, username: 'mendel' }).open();
  await session.exec('flood');
  const lost = await session.closed;
  isFlooding = false;
  t.true(lost instanceof ProtocolError);
});

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
