import type { Socket } from 'node:net';
import test from 'ava';
import { hasZone, openTcpSocket } from '../../src/host/tcp-socket.js';
import { startTcpServer } from '../fakes/tcp-server.js';

test('an interface that is not there is an error at once, and no other one is taken', async t => {
  for (const host of ['fe80::1%gone0', 'fe80::1%4000000']) {
    t.false(hasZone(host));
    await t.throwsAsync(openTcpSocket({ host, port: 22 }, new AbortController().signal), { code: 'ENODEV' });
  }
  t.true(hasZone('fe80::1%lo') || process.platform !== 'linux');
  t.true(hasZone('192.168.100.2'));
});

test('an error before anybody listens for it ends the socket and nothing else', async t => {
  let accepted: (socket: Socket) => void = () => undefined;
  const peer = new Promise<Socket>(resolve => (accepted = resolve));
  const { port } = await startTcpServer(t, socket => {
    accepted(socket);
  });
  const socket = await openTcpSocket({ host: '127.0.0.1', port }, new AbortController().signal);
  const isClosed = new Promise(resolve => socket.once('close', resolve));
  (await peer).resetAndDestroy();
  t.true(await isClosed, 'closed by an error');
});

test('an abort is told by its reason, and leaves no connection', async t => {
  const server = await startTcpServer(t, () => undefined);
  const reason = new Error('enough');
  await t.throwsAsync(openTcpSocket({ host: '127.0.0.1', port: server.port }, AbortSignal.abort(reason)), {
    is: reason,
  });
  await server.idle();
  t.is(server.sockets.size, 0);
});
