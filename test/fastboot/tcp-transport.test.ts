import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { AbortedError, ProtocolError, TimeoutError, TransportError } from '../../src/errors.js';
import { TcpTransport, type TcpOptions } from '../../src/fastboot/tcp-transport.js';
import { tcpPeer } from '../fakes/fastboot/scripted-peer.js';

const deadline = { operation: 'talking', timeoutMs: 20_000 };

function open(port: number, options: TcpOptions = {}): Promise<TcpTransport> {
  return TcpTransport.open({ protocol: 'tcp', host: '127.0.0.1', port }, options);
}

/** A board that greets and then says `bytes` in pieces, each only when the one before has left. */
async function tcpTrickle(t: ExecutionContext, bytes: Buffer, sizes: readonly number[]): Promise<{ port: number }> {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  server.on('connection', socket => {
    t.teardown(() => socket.destroy());
    socket.write('FB01');
    const proceed = (start: number, turn: number): void => {
      const size = sizes[turn % sizes.length] ?? 1;
      if (start >= bytes.length) return;
      socket.write(bytes.subarray(start, start + size), () => {
        setImmediate(proceed, start + size, turn + 1);
      });
    };
    proceed(0, 0);
  });
  return { port: (server.address() as AddressInfo).port };
}

function framed(text: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeBigUInt64BE(BigInt(text.length));
  return Buffer.concat([header, Buffer.from(text)]);
}

test('both sides greet, then every packet has its length before it', async t => {
  const { port } = await tcpPeer(t, [
    { expect: 'FB01' },
    { deliver: 'FB01' },
    { expect: framed('getvar:version') },
    { deliver: framed('OKAY0.4') },
  ]);
  await using transport = await open(port);
  t.is(transport.name, `tcp:127.0.0.1:${String(port)}`);
  await transport.send(Buffer.from('getvar:version'), deadline);
  t.is((await transport.receive(512, deadline)).toString(), 'OKAY0.4');
});

test('a board of a later version is taken at ours', async t => {
  const { port } = await tcpPeer(t, [{ expect: 'FB01' }, { deliver: 'FB12' }]);
  await using transport = await open(port);
  t.truthy(transport);
});

for (const sizes of [[1000], [1], [3, 17, 1000], [9, 2]]) {
  test(`packets are told apart when they come in pieces of ${sizes.join(', ')} bytes`, async t => {
    const bytes = Buffer.concat([framed('INFOa'), framed('INFOlonger'), framed('OKAY')]);
    const { port } = await tcpTrickle(t, bytes, sizes);
    await using transport = await open(port);
    for (const packet of ['INFOa', 'INFOlonger', 'OKAY']) {
      t.is((await transport.receive(512, deadline)).toString(), packet);
    }
  });
}

test('a long packet is handed out in parts of the size that is asked for', async t => {
  const { port } = await tcpTrickle(t, framed('0123456789'), [5]);
  await using transport = await open(port);
  for (const part of ['0123', '4567', '89']) t.is((await transport.receive(4, deadline)).toString(), part);
});

for (const greeting of ['HTTP', 'FB00', 'FBxx']) {
  test(`${greeting} is not a greeting of fastboot`, async t => {
    const { port } = await tcpPeer(t, [{ expect: 'FB01' }, { deliver: greeting }]);
    const error = await t.throwsAsync(open(port), { instanceOf: ProtocolError });
    t.deepEqual(error.facts['bytes'], Buffer.from(greeting));
  });
}

test('a server that takes the connection and says nothing is given up in the time for the greeting', async t => {
  const { port } = await tcpPeer(t, [{ expect: 'FB01' }]);
  const error = await t.throwsAsync(open(port, { handshakeTimeoutMs: 50 }), { instanceOf: TimeoutError });
  t.is(error.timeoutMs, 50);
});

test('a port where nobody listens is unreachable, not timed out', async t => {
  const error = await t.throwsAsync(open(1), { instanceOf: TransportError });
  t.is(error.facts['code'], 'ECONNREFUSED');
  await t.throwsAsync(TcpTransport.open({ protocol: 'tcp', host: 'fe80::1%mdt-none' }), {
    instanceOf: TransportError,
    message: 'tcp:fe80::1%mdt-none cannot be reached: the interface is gone.',
  });
});

test('a connection that ends in the middle of a packet is lost', async t => {
  const { port } = await tcpPeer(
    t,
    [{ expect: 'FB01' }, { deliver: 'FB01' }, { deliver: framed('0123456789').subarray(0, 5) }],
    { end: true },
  );
  await using transport = await open(port);
  const error = await t.throwsAsync(transport.receive(512, deadline), { instanceOf: TransportError });
  t.is(error.facts['operation'], 'talking');
});

test('a packet of an impossible length is not waited for', async t => {
  const { port } = await tcpPeer(t, [
    { expect: 'FB01' },
    { deliver: 'FB01' },
    { deliver: Buffer.from('ffffffffffffffff', 'hex') },
  ]);
  await using transport = await open(port);
  await t.throwsAsync(transport.receive(512, deadline), { instanceOf: ProtocolError });
});

test('a silent board is given up at the deadline, or when the caller wants', async t => {
  const { port } = await tcpPeer(t, [{ expect: 'FB01' }, { deliver: 'FB01' }]);
  await using transport = await open(port);
  await t.throwsAsync(transport.receive(512, { ...deadline, timeoutMs: 20 }), { instanceOf: TimeoutError });
  const controller = new AbortController();
  const receiving = transport.receive(512, { ...deadline, signal: controller.signal });
  controller.abort();
  await t.throwsAsync(receiving, { instanceOf: AbortedError });
});

test('a board that takes nothing more in is given up at the deadline', async t => {
  const server = createServer(socket => socket.write('FB01')).listen(0, '127.0.0.1');
  server.on('connection', socket => {
    socket.pause();
    t.teardown(() => socket.destroy());
  });
  await once(server, 'listening');
  t.teardown(() => server.close());
  await using transport = await open((server.address() as AddressInfo).port);
  const sending = transport.send(Buffer.alloc(64 * 1024 * 1024), { ...deadline, timeoutMs: 50 });
  await t.throwsAsync(sending, { instanceOf: TimeoutError });
});

test('a closed transport sends and receives nothing', async t => {
  const { port } = await tcpPeer(t, [{ expect: 'FB01' }, { deliver: 'FB01' }]);
  const transport = await open(port);
  await transport.close();
  await transport.close();
  await t.throwsAsync(transport.send(Buffer.from('x'), deadline), { instanceOf: TransportError });
  await t.throwsAsync(transport.receive(1, deadline), { instanceOf: TransportError });
});
