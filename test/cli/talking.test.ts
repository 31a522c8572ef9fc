import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { Interruption } from '../../src/cli/interruption.js';
import { run } from '../../src/cli/main.js';
import { FakeIo, mdt } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { refused } from '../fixtures/refused.js';
import { tempDir } from '../fixtures/temp-dir.js';

/** Resolves as soon as what was printed matches. */
async function printed(io: FakeIo, pattern: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const match = pattern.exec(io.out) ?? pattern.exec(io.err);
    if (match) return match;
    await Promise.race([once(io.stdout, 'written'), once(io.stderr, 'written')]);
  }
}

test('a shell takes keys, ends with its own exit code, and leaves the terminal as it was', async t => {
  const { configDir } = await boardOnDesk(t);
  const io = new FakeIo({ configDir, terminal: true });
  const running = run(['shell', 'swift-otter'], io);
  await once(io.stdin, 'raw');
  io.stdin.write('exit 5\r');
  t.is(await running, 5);
  t.false(io.stdin.isRaw);
  t.is(io.err, 'Connection to swift-otter closed.\n');
});

test('Enter ~ . leaves a shell with 255', async t => {
  const { configDir } = await boardOnDesk(t);
  const io = new FakeIo({ configDir, terminal: true });
  const running = run(['shell', 'swift-otter'], io);
  await once(io.stdin, 'raw');
  io.stdin.write('sleep 1000\r~.');
  t.is(await running, 255);
  t.false(io.stdin.isRaw);
  t.regex(io.err, /Connection to swift-otter closed\.\n$/);
});

test('a shell whose board goes down says that the connection was lost', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const io = new FakeIo({ configDir, terminal: true });
  const running = run(['shell', 'swift-otter'], io);
  await once(io.stdin, 'raw');
  await board.close();
  t.is(await running, 255);
  t.false(io.stdin.isRaw);
  t.regex(io.err, /Connection to swift-otter was lost\.\n$/);
});

test('a signal ends a shell and restores the terminal', async t => {
  const { configDir } = await boardOnDesk(t);
  const controller = new AbortController();
  const io = new FakeIo({ configDir, terminal: true, signal: controller.signal });
  const running = run(['shell', 'swift-otter'], io);
  await once(io.stdin, 'raw');
  controller.abort(new Interruption('SIGTERM'));
  t.is(await running, 143);
  t.false(io.stdin.isRaw);
});

test('a shell without a terminal is refused', async t => {
  const { code, err } = await mdt({ configDir: await tempDir(t) }, 'shell');
  t.is(code, 2);
  t.regex(err, /needs a terminal/);
});

test('forward passes connections on until it is interrupted', async t => {
  const { configDir } = await boardOnDesk(t);
  const server = createServer(socket => socket.end('hello from the board'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const target = (server.address() as AddressInfo).port;
  const controller = new AbortController();
  const io = new FakeIo({ configDir, signal: controller.signal });
  const running = run(['forward', '-d', 'swift-otter', `0:${String(target)}`], io);
  const [, port = ''] = await printed(io, /^localhost:(\d+) -> localhost:\d+\n/);
  const socket = connect(Number(port), '127.0.0.1');
  t.is(await text(socket), 'hello from the board');
  controller.abort(new Interruption('SIGINT'));
  t.is(await running, 130);
  await t.notThrowsAsync(refused(Number(port)));
});

test('forward ends when the board goes', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const io = new FakeIo({ configDir });
  const running = run(['forward', '-d', 'swift-otter', '0:80'], io);
  await printed(io, /Press Ctrl-C/);
  await board.close();
  t.is(await running, 5);
  t.regex(io.err, /error: The connection to swift-otter was lost/);
});

test('what does not say where to forward is refused before the board is asked', async t => {
  const { code, err } = await mdt({ configDir: await tempDir(t) }, 'forward', '8080:');
  t.is(code, 2);
  t.regex(err, /does not say what to forward/);
});

test('reboot --wait returns when the board is back, and prints its name', async t => {
  const { configDir } = await boardOnDesk(t);
  t.is((await mdt({ configDir }, 'reboot', 'swift-otter', '--wait')).out, 'swift-otter is back\n');
  t.is(
    (await mdt({ configDir }, 'reboot-bootloader', '-d', 'swift-otter', '--wait')).out,
    'swift-otter went down for its bootloader\n',
  );
});
