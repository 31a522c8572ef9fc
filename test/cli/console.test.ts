import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Interruption } from '../../src/cli/interruption.js';
import { run } from '../../src/cli/main.js';
import type { SerialPortFacts } from '../../src/discovery/serial-ports.js';
import { FakeIo, mdt } from '../fakes/cli-io.js';
import { startTcpServer } from '../fakes/tcp-server.js';
import { tempDir } from '../fixtures/temp-dir.js';

const chip = { vendorId: 0x10c4, productId: 0xea70, usbPort: '1-1.4', access: 'ready' } as const;
const other: SerialPortFacts = { ...chip, path: '/dev/ttyUSB1', isConsole: false };
const console1: SerialPortFacts = { ...chip, path: '/dev/mdt-absent-1', isConsole: true };
const console2: SerialPortFacts = {
  path: '/dev/mdt-absent-2',
  vendorId: 0x18d1,
  productId: 0x9303,
  serialNumber: 'swift-otter',
  isConsole: true,
  access: 'denied',
};

interface Desk {
  readonly io: FakeIo;
  readonly place: string;
  readonly folder: string;
  /** The board's end of the console, once mdt has connected. */
  readonly board: Promise<Socket>;
  /** Ends the command, as a signal does. */
  readonly interrupt: () => void;
}

async function newDesk(t: ExecutionContext, terminal: boolean): Promise<Desk> {
  const folder = await tempDir(t);
  let connected: (socket: Socket) => void = () => undefined;
  const board = new Promise<Socket>(resolve => (connected = resolve));
  const { port } = await startTcpServer(t, socket => {
    connected(socket);
  });
  const ending = new AbortController();
  return {
    io: new FakeIo({ configDir: folder, terminal, signal: ending.signal }),
    place: `tcp:127.0.0.1:${String(port)}`,
    folder,
    board,
    interrupt: () => {
      ending.abort(new Interruption('SIGTERM'));
    },
  };
}

async function printed(io: FakeIo, text: string): Promise<void> {
  while (!io.out.includes(text)) await once(io.stdout, 'written');
}

test('what is typed goes to the board, what it says comes to the terminal and into the log, as it is', async t => {
  const { io, place, folder, board } = await newDesk(t, true);
  const log = join(folder, 'boot.log');
  const ended = run(['console', '--log', log, place], io);
  const socket = await board;
  socket.write('\u001b[1mU-Boot\u001b[0m\r\n=> ');
  await printed(io, '=> ');
  t.true(io.stdin.isRaw);
  io.stdin.write('printenv\x03\r');
  t.is(String((await once(socket, 'data'))[0]), 'printenv\x03\r');
  io.stdin.write('~.');
  t.is(await ended, 0);
  t.is(io.out, '\u001b[1mU-Boot\u001b[0m\r\n=> ');
  t.regex(io.err, new RegExp(`^Connected to ${place}\\. Enter ~ \\. leaves, .*\\n\\nLeft ${place}\\.\\n$`));
  t.false(io.stdin.isRaw);
  t.is(await readFile(log, 'utf8'), io.out);
});

test('a log grows by each use', async t => {
  const folder = await tempDir(t);
  const log = join(folder, 'boot.log');
  for (const words of ['first ', 'second ']) {
    const { io, place, board } = await newDesk(t, true);
    const ended = run(['console', '--log', log, place], io);
    (await board).write(words);
    await printed(io, words);
    io.stdin.write('\r~.');
    t.is(await ended, 0);
  }
  t.is(await readFile(log, 'utf8'), 'first second ');
});

test('a log that cannot be written ends it before anything is connected', async t => {
  const { io, place, folder } = await newDesk(t, true);
  t.is(await run(['console', '--log', join(folder, 'no', 'folder.log'), place], io), 5);
  t.regex(io.err, /error: The log .* cannot be written\./);
  t.false(io.stdin.isRaw);
});

test('a console that goes away is an error, and the terminal is as it was', async t => {
  const { io, place, board } = await newDesk(t, true);
  const ended = run(['console', place], io);
  const socket = await board;
  socket.write('last words');
  await printed(io, 'last words');
  socket.destroy();
  t.is(await ended, 5);
  t.regex(io.err, /error: The console tcp:\S+ has gone away\.\nhint: /);
  t.false(io.stdin.isRaw);
});

test('a command that is terminated gives the terminal back', async t => {
  const { io, place, board, interrupt } = await newDesk(t, true);
  const ended = run(['console', place], io);
  (await board).write('x');
  await printed(io, 'x');
  interrupt();
  t.is(await ended, 143);
  t.false(io.stdin.isRaw);
});

test('what is piped in is sent, and its end is not the end', async t => {
  const { io, place, board, interrupt } = await newDesk(t, false);
  io.stdin.end('version\r');
  const ended = run(['console', place], io);
  const socket = await board;
  t.is(String((await once(socket, 'data'))[0]), 'version\r');
  socket.write('U-Boot 2017.03\r\n');
  await printed(io, '2017.03');
  interrupt();
  t.is(await ended, 143);
  t.is(io.out, 'U-Boot 2017.03\r\n');
});

test('~? lists the escapes', async t => {
  const { io, place, board } = await newDesk(t, true);
  const ended = run(['console', place], io);
  await board;
  io.stdin.write('~?');
  while (!io.err.includes('end the connection')) await once(io.stderr, 'written');
  io.stdin.write('~.');
  t.is(await ended, 0);
});

test('what is no console, or none that answers, is told with what to do', async t => {
  const configDir = await tempDir(t);
  const wrong = await mdt({ configDir }, 'console', 'telnet:desk:23');
  t.is(wrong.code, 2);
  t.regex(wrong.err, /is no serial console\.\nhint: .*mdt console --list.*tcp:HOST:PORT/);
  t.is((await mdt({ configDir }, 'console', 'tcp:127.0.0.1:1')).code, 5);
  t.is((await mdt({ configDir }, 'pair', '--console', 'tcp:127.0.0.1:1')).code, 5);
});

test('without a port it is the only console there is', async t => {
  const configDir = await tempDir(t);
  const { code, err } = await mdt({ configDir, serialPorts: [other, console1] }, 'console');
  // Tests do not run on the main thread, where alone it would find that the port is not there.
  t.is(code, 5);
  t.regex(err, /on the main thread only/);
});

test('of several consoles a script is told the names, and where there is none what to connect', async t => {
  const configDir = await tempDir(t);
  for (const words of [['console'], ['pair', '--console']]) {
    const several = await mdt({ configDir, serialPorts: [other, console1, console2] }, ...words);
    t.is(several.code, 3);
    t.regex(several.err, /\/dev\/mdt-absent-1 \(usb 1-1\.4\); \/dev\/mdt-absent-2 \(swift-otter\)\.\nhint: Name one/);
  }
  const none = await mdt({ configDir }, 'console');
  t.is(none.code, 3);
  t.regex(none.err, /hint: Connect .*tcp:HOST:PORT/);
  const wrong = await mdt({ configDir, serialPorts: [other] }, 'console');
  t.is(wrong.code, 3);
  t.regex(wrong.err, /or name one of \/dev\/ttyUSB1\./);
});

test('of several consoles the user picks one at a terminal, or leaves with Ctrl-C', async t => {
  const configDir = await tempDir(t);
  const { port } = await startTcpServer(t, socket => {
    socket.write('second\r\n');
  });
  const second: SerialPortFacts = { ...console2, path: `tcp:127.0.0.1:${String(port)}` };
  const ask = async (keys: string): Promise<{ io: FakeIo; ended: Promise<number> }> => {
    const io = new FakeIo({ configDir, terminal: true, serialPorts: [other, console1, second] });
    const ended = run(['console'], io);
    while (!/Which console\?[\s\S]*tcp:/.test(io.err)) await once(io.stderr, 'written');
    // A question listens only when all of it stands there.
    await setImmediate();
    io.stdin.write(keys);
    return { io, ended };
  };
  const { io, ended } = await ask('\u001b[B\r');
  await printed(io, 'second');
  io.stdin.write('\r~.');
  t.is(await ended, 0);
  t.is(await (await ask('\u0003')).ended, 130);
});

test('--list shows consoles first: a table, lines for scripts, or JSON', async t => {
  const configDir = await tempDir(t);
  const serialPorts = [other, console1, console2];
  t.is(
    (await mdt({ configDir, serialPorts }, 'console', '--list')).out,
    '/dev/mdt-absent-1\tconsole\n/dev/mdt-absent-2\tconsole\n/dev/ttyUSB1\tother\n',
  );
  const table = (await mdt({ configDir, serialPorts, terminal: true }, 'console', '--list')).out;
  t.regex(table, /^PORT +KIND +USB ID +USB PORT +SERIAL NUMBER\n/);
  t.regex(table, /\/dev\/mdt-absent-2 +console, inaccessible +18d1:9303 +swift-otter\n/);
  const json = JSON.parse((await mdt({ configDir, serialPorts }, 'console', '--list', '--json')).out) as unknown[];
  t.deepEqual(json[0], {
    path: '/dev/mdt-absent-1',
    console: true,
    usbId: '10c4:ea70',
    usbPort: '1-1.4',
    serialNumber: null,
    access: 'ready',
  });
  t.is((await mdt({ configDir }, 'console', '--list')).err, 'No serial ports were found on USB.\n');
});
