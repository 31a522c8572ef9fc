import type { Socket } from 'node:net';
import test from 'ava';
import { parseConsolePlace } from '../../src/console/console-place.js';
import { openConsole } from '../../src/console/open-console.js';
import { startTcpServer } from '../fakes/tcp-server.js';

test('a place is a port of this host, or one of a terminal server', t => {
  t.deepEqual(parseConsolePlace('/dev/ttyUSB0'), { kind: 'serial', path: '/dev/ttyUSB0' });
  t.deepEqual(parseConsolePlace(' COM3 '), { kind: 'serial', path: 'COM3' });
  t.deepEqual(parseConsolePlace('tcp:desk.lan:2000'), { kind: 'tcp', host: 'desk.lan', port: 2000 });
  t.deepEqual(parseConsolePlace('tcp:[fe80::1%eth0]:2000'), { kind: 'tcp', host: 'fe80::1%eth0', port: 2000 });
  for (const bad of [
    '',
    'tcp:',
    'tcp:host',
    'tcp:host:0',
    'tcp:a b:1',
    'udp:host:1',
    'telnet:host:23',
    'usb:1-1',
    'a\0b',
  ]) {
    t.throws(() => parseConsolePlace(bad), { code: 'USAGE' }, bad);
  }
});

test('bytes go both ways as they are, and what was sent before the end is not lost', async t => {
  const server = await startTcpServer(t, socket => socket.pipe(socket));
  const port = await openConsole(`tcp:127.0.0.1:${String(server.port)}`);
  await port.write(Buffer.from([0, 255, 13, 3]));
  t.deepEqual([...(await port.read())], [0, 255, 13, 3]);
  await port[Symbol.asyncDispose]();
  await port.closed;
  await server.idle();
  await t.throwsAsync(port.read(), { message: /was closed/ });
  await t.throwsAsync(port.write('x'), { message: /was closed/ });
});

test('a terminal server that ends the connection is a console that has gone, after its last words', async t => {
  const server = await startTcpServer(t, socket => socket.end('last words'));
  await using port = await openConsole(`tcp:127.0.0.1:${String(server.port)}`);
  t.is((await port.read()).toString(), 'last words');
  await t.throwsAsync(port.read(), { code: 'TRANSPORT', message: /has gone away/ });
  await port.closed;
});

test('telnet is refused with what to set, however its first bytes are cut', async t => {
  for (const pieces of [[[255, 253, 3]], [[255], [251, 1]]]) {
    const connected: Socket[] = [];
    const server = await startTcpServer(t, socket => {
      socket.setNoDelay(true);
      connected.push(socket);
    });
    await using port = await openConsole(`tcp:127.0.0.1:${String(server.port)}`);
    const read = async (): Promise<void> => {
      for (;;) {
        connected[0]?.write(Buffer.from(pieces.shift() ?? []));
        await port.read();
      }
    };
    const error = await t.throwsAsync(read(), { code: 'PROTOCOL' });
    t.regex(error.message, /speaks telnet/);
  }
});

test('nobody there, or a wait that is aborted, is told as that', async t => {
  const server = await startTcpServer(t, () => undefined);
  const place = `tcp:127.0.0.1:${String(server.port)}`;
  await t.throwsAsync(openConsole(place, { signal: AbortSignal.abort() }), { code: 'ABORTED' });
  await t.throwsAsync(openConsole('tcp:127.0.0.1:1'), { code: 'TRANSPORT', message: /refuses the connection/ });
  const gone = { code: 'TRANSPORT', message: 'tcp:[fe80::1%mdt-none]:2000 cannot be reached: the interface is gone.' };
  await t.throwsAsync(openConsole('tcp:[fe80::1%mdt-none]:2000'), gone);
});
