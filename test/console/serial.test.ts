// Serial ports through the package serialport, on pseudo-terminals.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { forbidden, portHolders, refuseIfHeld } from '../../src/console/port-errors.js';
import { openSerialPort } from '../../src/console/serial-port.js';
import { openSerialConsole, SerialOpenError } from '../fixtures/serial-console.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { hasProgram } from '../lab/requirements.js';

const isLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;

function testIf(missing: string | undefined, title: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (missing === undefined) anyTest(title, body);
  else anyTest.skip(`${title} (${missing})`, body);
}

const ptyMissing = isLinux && hasProgram('socat') ? undefined : 'needs Linux and socat';

interface Pty {
  /** A port whose other end is a socket of ours. */
  readonly path: string;
  readonly folder: string;
  /** Pulls the cable. */
  readonly pull: () => Promise<void>;
  /** Resolves with what the port sent, once that ends with `end`. */
  readonly received: (end: string) => Promise<string>;
  readonly say: (text: string) => void;
}

async function startPty(t: ExecutionContext): Promise<Pty> {
  const folder = await tempDir(t);
  const [path, socket] = [join(folder, 'port'), join(folder, 'board')];
  const child = spawn('socat', ['-d', '-d', `UNIX-LISTEN:${socket}`, `PTY,link=${path},rawer`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  const pull = async (): Promise<void> => {
    child.kill();
    await closed;
  };
  t.teardown(pull);
  const logged = async (pattern: RegExp): Promise<void> => {
    for (let log = ''; !pattern.test(log);) log += String((await once(child.stderr, 'data'))[0]);
  };
  await logged(/listening on/);
  const ready = logged(/starting data transfer loop/);
  const board = connect(socket);
  board.on('error', () => undefined);
  t.teardown(() => board.destroy());
  await ready;
  child.stderr.resume();
  let text = '';
  board.on('data', chunk => {
    text += chunk.toString();
    board.emit('received');
  });
  return {
    path,
    folder,
    pull,
    say: words => board.write(words),
    received: async end => {
      while (!text.endsWith(end)) await once(board, 'received');
      return text;
    },
  };
}

testIf(ptyMissing, 'bytes go both ways as they are, at a terminal without modem lines too', async t => {
  const pty = await startPty(t);
  await using port = await openSerialConsole(t, pty.path);
  await port.write('\x03\x11\x13\r\n\x00end');
  t.is(await pty.received('end'), '\x03\x11\x13\r\n\x00end');
  pty.say('\x03\x11\x13\r\n\x00end');
  let text = '';
  while (!text.endsWith('end')) text += (await port.read()).toString();
  t.is(text, '\x03\x11\x13\r\n\x00end');
});

testIf(ptyMissing, 'a port that vanishes is told as that', async t => {
  const pty = await startPty(t);
  await using port = await openSerialConsole(t, pty.path);
  const reading = t.throwsAsync(port.read(), { code: 'TRANSPORT' });
  await pty.pull();
  await reading;
  const { message, hint } = await port.failure();
  t.is(message, `The console ${pty.path} has gone away.`);
  t.regex(hint, /cable was pulled/);
});

testIf(ptyMissing, 'a port that is open already names the program that has it', async t => {
  const pty = await startPty(t);
  await using first = await openSerialConsole(t, pty.path);
  const error = await t.throwsAsync(openSerialConsole(t, pty.path), { instanceOf: SerialOpenError });
  t.is(error.code, 'DEVICE_BUSY');
  t.regex(error.message, /is in use by (\S+ \(process \d+\)(, )?)+\.$/);
  t.regex(error.hint, /^End that program/);
  // And the one that has it goes on.
  await first.write('x');
  t.is(await pty.received('x'), 'x');
});

testIf(
  ptyMissing ?? (isRoot ? undefined : 'needs root, to become somebody else'),
  'a port of another group is told with the group and how to join it',
  async t => {
    const pty = await startPty(t);
    const device = await readlink(pty.path);
    await chmod(pty.folder, 0o755);
    // The group dialout of Debian; whoever has it, nobody is not in it.
    await chown(device, 0, 20);
    await chmod(device, 0o660);
    const error = await t.throwsAsync(openSerialConsole(t, device, { uid: 65_534 }), { instanceOf: SerialOpenError });
    t.is(error.code, 'PERMISSION');
    t.regex(error.message, /^This user may not open \/dev\/pts\/\d+: it is for the group dialout\.$/);
    t.regex(error.hint, /sudo usermod -aG dialout/);
  },
);

testIf(isLinux ? undefined : 'needs Linux', 'what is no port, or not there, is told as that', async t => {
  const folder = await tempDir(t);
  const absent = await t.throwsAsync(openSerialConsole(t, join(folder, 'ttyUSB9')), { instanceOf: SerialOpenError });
  t.is(absent.code, 'DEVICE_NOT_FOUND');
  t.regex(absent.hint, /mdt console --list/);
  const file = join(folder, 'file');
  await writeFile(file, '');
  const other = await t.throwsAsync(openSerialConsole(t, file), { instanceOf: SerialOpenError });
  t.is(other.code, 'USAGE');
  t.is(other.message, `${file} is not a serial port.`);
  t.is((await t.throwsAsync(openSerialConsole(t, folder), { instanceOf: SerialOpenError })).code, 'USAGE');
});

anyTest('where the native part is missing, that is what is said', async t => {
  const cause = new Error('No native build was found for platform=plan9');
  const error = await t.throwsAsync(openSerialPort('/dev/ttyUSB0', { load: () => Promise.reject(cause) }), {
    code: 'TRANSPORT',
    message: /native part of the package serialport is missing/,
  });
  t.is(error.cause, cause);
});

anyTest('off the main thread a port is refused, since it would end the process', async t => {
  await t.throwsAsync(openSerialPort('/dev/ttyUSB0'), { message: 'Serial ports can be used on the main thread only.' });
});

anyTest('a port that its group may not open either is told without a group', async t => {
  const folder = await tempDir(t);
  const port = join(folder, 'port');
  await writeFile(port, '', { mode: 0o600 });
  t.is((await forbidden(port)).message, `This user may not open ${port}.`);
  t.is((await forbidden(join(folder, 'gone'))).exitCode, 5);
});

testIf(
  isLinux ? undefined : 'needs Linux',
  'the holders of a port are found as far as processes may be looked into',
  async t => {
    const folder = await tempDir(t);
    const process = async (pid: string, name: string, target: string): Promise<void> => {
      await mkdir(join(folder, pid, 'fd'), { recursive: true });
      await symlink(target, join(folder, pid, 'fd', '3'));
      await writeFile(join(folder, pid, 'comm'), `${name}\n`);
    };
    await process('12', 'screen', '/dev/ttyUSB0');
    await process('13', 'min\u001b[2Jicom', '/dev/ttyUSB0');
    await process('14', 'cat', '/dev/ttyUSB1');
    await mkdir(join(folder, '15'));
    const holders = await portHolders('/dev/ttyUSB0', folder);
    t.deepEqual(
      [...holders].sort((a, b) => a.pid - b.pid),
      [
        { pid: 12, program: 'screen' },
        { pid: 13, program: 'min[2Jicom' },
      ],
    );
    t.deepEqual(await portHolders('/dev/ttyUSB0', join(folder, 'no proc')), []);
    // Few programs lock a port: that one has it open is enough, but not for a pseudo-terminal.
    await t.throwsAsync(refuseIfHeld('/dev/ttyUSB1', folder), {
      code: 'DEVICE_BUSY',
      message: '/dev/ttyUSB1 is in use by cat (process 14).',
    });
    await process('16', 'socat', '/dev/pts/99');
    await t.notThrowsAsync(refuseIfHeld('/dev/pts/99', folder));
    // What is no port has its own error, whoever has it open.
    await process('17', 'sh', '/dev/null');
    await process('18', 'sh', folder);
    for (const path of ['/dev/null', folder]) await t.notThrowsAsync(refuseIfHeld(path, folder), path);
  },
);
