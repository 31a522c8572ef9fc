import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { probeSsh } from '../../src/discovery/ssh-probe.js';

/** A server on loopback that greets as told, and the port it listens on. */
async function startServer(t: ExecutionContext, greet: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    greet(socket);
  });
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has this kind of address.
  return (server.address() as AddressInfo).port;
}

test('a server that greets as SSH is one, also after other lines and in pieces', async t => {
  const port = await startServer(t, socket => {
    socket.write('Welcome.\r\nSSH-');
    setImmediate(() => socket.write('2.0-OpenSSH_7.9p1\r\n'));
  });
  t.is(await probeSsh({ host: '127.0.0.1', port }, { timeoutMs: 20_000 }), '127.0.0.1');
});

for (const [what, greeting] of [
  ['another protocol', '220 mail.example ESMTP\r\n'],
  ['a greeting without end', 'x'.repeat(20_000)],
  ['nothing, and hangs up', ''],
] as const) {
  test(`a server that sends ${what} is no SSH server`, async t => {
    const port = await startServer(t, socket => {
      if (what === 'a greeting without end') socket.write(greeting);
      else socket.end(greeting);
    });
    t.is(await probeSsh({ host: '127.0.0.1', port }, { timeoutMs: 20_000 }), undefined);
  });
}

test('a server that accepts and says nothing is given up at the deadline, or when the search ends', async t => {
  const port = await startServer(t, () => undefined);
  t.is(await probeSsh({ host: '127.0.0.1', port }, { timeoutMs: 50 }), undefined);
  t.is(await probeSsh({ host: '127.0.0.1', port }, { timeoutMs: 60_000, signal: AbortSignal.abort() }), undefined);
});

test('a port where nobody listens, and an interface that is not there, are no SSH server', async t => {
  t.is(await probeSsh({ host: '127.0.0.1', port: 1 }, { timeoutMs: 20_000 }), undefined);
  // Without a deadline: this is known at once.
  t.is(await probeSsh({ host: 'fe80::1%gone0', port: 22 }, { timeoutMs: 2 ** 31 - 1 }), undefined);
});
