import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { BoardRefusedError, TransportError } from '../../src/errors.js';
import { forwardLocal, forwardReverse, type Forward } from '../../src/ssh/forward.js';
import { parseForward } from '../../src/ssh/forward-spec.js';
import { closing } from '../fixtures/closing.js';
import { refused } from '../fixtures/refused.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { peers, type RunningPeer } from './peers.js';

/** Nobody listens there, and nobody is given it either. */
const CLOSED_PORT = 1;

for (const peer of peers) {
  const test = (title: string, body: (t: ExecutionContext, peer: RunningPeer) => Promise<void>): void => {
    if (peer.missing !== undefined) anyTest.skip(`${peer.name}: ${title} (skipped: ${peer.missing})`, () => undefined);
    else anyTest.serial(`${peer.name}: ${title}`, async t => body(t, await peer.start(t)));
  };

  for (const [direction, start] of [
    ['local', forwardLocal],
    ['reverse', forwardReverse],
  ] as const) {
    // ssh2's own server closes a channel as soon as it has nothing more to send.
    const halfCloses = direction === 'local' || peer.name === 'OpenSSH';
    const what = halfCloses ? 'megabytes both ways, and the end of each direction on its own' : 'bytes both ways';
    test(`a ${direction} forward carries ${what}`, async (t, p) => {
      const session = await p.open();
      // Answers only after the client has said that it is done.
      const port = await startEcho(t, halfCloses ? 'at-end' : 'at-once');
      await using forward = await start(session, parseForward(`0:127.0.0.1:${String(port)}`));
      const sent = Buffer.alloc(3_000_000, 'some bytes ');
      if (halfCloses) t.true((await talk(portOf(forward), sent)).equals(sent));
      else t.true((await talkAndListen(portOf(forward), sent)).equals(sent));
    });

    test(`a ${direction} forward outlives connections that fail`, async (t, p) => {
      const session = await p.open();
      const errors: Error[] = [];
      const onError = (error: Error): void => {
        errors.push(error);
      };
      await using forward = await start(session, parseForward(`0:127.0.0.1:${String(CLOSED_PORT)}`), { onError });
      for (let round = 0; round < 2; round++) {
        const socket = connect(portOf(forward), '127.0.0.1');
        socket.on('error', () => undefined);
        socket.resume();
        await closing(socket);
      }
      t.is(errors.length, 2);
      t.true(errors.every(error => error instanceof BoardRefusedError || error instanceof TransportError));
    });

    test(`connections of a ${direction} forward that break off leave nothing behind`, async (t, p) => {
      const session = await p.open();
      const gone: Promise<unknown>[] = [];
      const port = await startServer(t, socket => {
        socket.resume().once('end', () => socket.end());
        gone.push(new Promise(resolve => socket.once('close', resolve)));
      });
      await using forward = await start(session, parseForward(`0:127.0.0.1:${String(port)}`));
      const socket = connect(portOf(forward), '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write('hello');
      while (gone.length === 0) await session.run('true');
      socket.resetAndDestroy();
      await Promise.all(gone);
      t.pass();
    });

    test(`a ${direction} forward that is disposed of ends its connections and listens no more`, async (t, p) => {
      const session = await p.open();
      const port = await startEcho(t, 'at-once');
      const forward = await start(session, parseForward(`0:127.0.0.1:${String(port)}`));
      const socket = connect(portOf(forward), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write('hello');
      await once(socket, 'data');
      const closed = closing(socket);
      await forward[Symbol.asyncDispose]();
      await closed;
      await t.notThrowsAsync(refused(portOf(forward)));
      t.is((await session.run('echo on')).stdout.toString(), 'on\n');
    });
  }

  test('a forward ends with its signal, and with its session', async (t, p) => {
    const port = await startEcho(t, 'at-once');
    const abort = new AbortController();
    const session = await p.open();
    const first = await forwardLocal(session, parseForward(`0:${String(port)}`), { signal: abort.signal });
    const second = await forwardLocal(session, parseForward(`0:${String(port)}`));
    abort.abort();
    await first[Symbol.asyncDispose]();
    await session.close();
    await second[Symbol.asyncDispose]();
    for (const forward of [first, second]) await t.notThrowsAsync(refused(portOf(forward)));
  });

  test('a port that is in use on this host is a clear error', async (t, p) => {
    const session = await p.open();
    const port = await startEcho(t, 'at-once');
    await t.throwsAsync(forwardLocal(session, parseForward(`127.0.0.1:${String(port)}:80`)), {
      instanceOf: TransportError,
      message: /is in use on this host/,
    });
  });

  test('a port that is in use on the board is a clear error', async (t, p) => {
    const session = await p.open();
    const port = await startEcho(t, 'at-once');
    await t.throwsAsync(forwardReverse(session, parseForward(`127.0.0.1:${String(port)}:80`)), {
      instanceOf: BoardRefusedError,
    });
  });

  if (peer.forwardsUnixSockets) {
    for (const [direction, start] of [
      ['local', forwardLocal],
      ['reverse', forwardReverse],
    ] as const) {
      test(`a ${direction} forward leads from one Unix socket to another`, async (t, p) => {
        const session = await p.open();
        const folder = await tempDir(t);
        const target = join(folder, 'target.sock');
        await startEcho(t, 'at-end', target);
        const listen = join(folder, 'listen.sock');
        await using forward = await start(session, parseForward(`${listen}:${target}`));
        t.deepEqual(forward.listen, { kind: 'unix', path: listen });
        t.is((await talk(listen, Buffer.from('hello'))).toString(), 'hello');
      });
    }
  }
}

function portOf(forward: Forward): number {
  if (forward.listen.kind !== 'tcp') throw new Error('not a port');
  return forward.listen.port;
}

/** Says `sent` and that this is all, and returns the answer. */
async function talk(where: number | string, sent: Buffer): Promise<Buffer> {
  const socket =
    typeof where === 'number'
      ? connect({ port: where, host: '127.0.0.1', allowHalfOpen: true })
      : connect({ path: where, allowHalfOpen: true });
  socket.end(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Says `sent` and listens until as much has come back. */
async function talkAndListen(port: number, sent: Buffer): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  socket.write(sent);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= sent.length) break;
  }
  return Buffer.concat(chunks);
}

async function startEcho(t: ExecutionContext, when: 'at-once' | 'at-end', path?: string): Promise<number> {
  return startServer(
    t,
    socket => {
      if (when === 'at-once') {
        socket.pipe(socket);
        return;
      }
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('end', () => {
        socket.end(Buffer.concat(chunks));
      });
    },
    path,
  );
}

async function startServer(
  t: ExecutionContext,
  onConnection: (socket: Socket) => void,
  path?: string,
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  });
  return path === undefined ? (server.address() as AddressInfo).port : 0;
}
