// The serial console of a virtual board: as bytes on the wire, and by the client that talks to real ones.
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Dialogue } from '../../../src/console/dialogue.js';
import { login } from '../../../src/console/linux-login.js';
import { openConsole } from '../../../src/console/open-console.js';
import { enterFastboot, leaveFastboot } from '../../../src/console/enter-fastboot.js';
import { runAtPrompt, stopAutoboot } from '../../../src/console/u-boot.js';
import type { VirtualBoard } from '../../../src/virtual-board/virtual-board.js';
import { bytesImage } from '../../fakes/fastboot/bytes-image.js';
import { boardWithLoader, fastbootOf, powerBecomes } from './loader-desk.js';

/** A client that has nothing but a socket. */
class Wire {
  heard = '';
  readonly #socket: Socket;
  #wake = (): void => undefined;

  constructor(t: ExecutionContext, board: VirtualBoard) {
    this.#socket = connect(board.consolePort ?? 0, '127.0.0.1');
    t.teardown(() => this.#socket.destroy());
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (bytes: Buffer) => {
      this.heard += bytes.toString('latin1');
      this.#wake();
    });
  }

  type(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** What was said up to the end of `text`; the rest is for later. */
  async until(text: string): Promise<string> {
    while (!this.heard.includes(text)) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    const end = this.heard.indexOf(text) + text.length;
    const before = this.heard.slice(0, end);
    this.heard = this.heard.slice(end);
    return before;
  }
}

/** At the prompt, with the messages before it. */
async function atPrompt(t: ExecutionContext, board: VirtualBoard): Promise<{ wire: Wire; messages: string }> {
  const wire = new Wire(t, board);
  wire.type('\r');
  await wire.until('login: ');
  void board.reboot();
  const messages = await wire.until('stop autoboot:  3 ');
  wire.type(' ');
  return { wire, messages: messages + (await wire.until('u-boot=> ')) };
}

function consoleOf(board: VirtualBoard): ReturnType<typeof openConsole> {
  return openConsole(`tcp:127.0.0.1:${String(board.consolePort)}`);
}

test('a boot on the console: messages, countdown, kernel, login', async t => {
  const board = await boardWithLoader(t, { autobootMs: 60 });
  const wire = new Wire(t, board);
  wire.type('\r');
  await wire.until('login: ');
  void board.reboot();
  const messages = await wire.until(`${board.name} login: `);
  for (const part of [
    'reboot: Restarting system\r\n',
    'U-Boot SPL 2017.03',
    'Trying to boot from MMC1\r\n',
    'Model: Freescale i.MX8MQ Phanbell\r\n',
    '*** Warning - bad CRC, using default environment\r\n',
    'flash target is MMC:0\r\nFastboot: Normal\r\n',
    'Hit any key to stop autoboot:  1 \b\b\b 0 \r\n',
    'Starting kernel ...\r\n',
    `\r\nMendel GNU/Linux (eagle) ${board.name} ttymxc0\r\n\r\n`,
  ]) {
    t.true(messages.includes(part), part);
  }
});

test('the countdown rewrites its number and stops at any key; the prompt echoes', async t => {
  const board = await boardWithLoader(t, { autobootMs: 3000 });
  const { wire, messages } = await atPrompt(t, board);
  t.true(messages.endsWith('\b\b\b 0 \r\nu-boot=> '));
  t.is(board.power, 'bootloader');
  wire.type('version\r');
  t.is(await wire.until('u-boot=> '), 'version\r\nU-Boot 2017.03.3 (mdt virtual board)\r\nu-boot=> ');
  wire.type('echo twice\r\n');
  t.is(await wire.until('twice\r\nu-boot=> '), 'echo twice\r\ntwice\r\nu-boot=> ');
  t.is(await wire.until('u-boot=> '), '\r\ntwice\r\nu-boot=> ');
  wire.type('nonsens\x7fe\x03');
  t.is(await wire.until('u-boot=> '), 'nonsens\b \be<INTERRUPT>\r\nu-boot=> ');
  wire.type('flush\r');
  t.is(await wire.until('u-boot=> '), "flush\r\nUnknown command 'flush' - try 'help'\r\nu-boot=> ");
  wire.type('boot\r');
  await wire.until('login: ');
  t.is(board.power, 'running');
});

test('keys that come before the countdown count', async t => {
  const board = await boardWithLoader(t, { autobootMs: 1 });
  const wire = new Wire(t, board);
  wire.type('\r');
  await wire.until('login: ');
  void board.reboot();
  await wire.until('Restarting system');
  wire.type(' ');
  await wire.until('u-boot=> ');
  wire.type('reset\r');
  await wire.until('resetting ...\r\n');
  await wire.until('U-Boot SPL');
  await wire.until('login: ');
  t.pass();
});

test('commands that look and set', async t => {
  const board = await boardWithLoader(t, { system: 'none', fallback: 'u-boot' });
  await using port = await consoleOf(board);
  const dialogue = new Dialogue(port);
  await dialogue.send('\r');
  await stopAutoboot(dialogue);
  const run = async (command: string): Promise<string> => (await runAtPrompt(dialogue, command)).output;
  t.regex(await run('help'), /^fastboot - /m);
  t.is(await run('setenv a b c'), '');
  t.is(await run('printenv a'), 'a=b c\n');
  t.regex(await run('printenv'), /^bootdelay=3$/m);
  t.is((await runAtPrompt(dialogue, 'printenv none')).code, 1);
  t.is((await runAtPrompt(dialogue, 'setenv')).code, 1);
  t.is(await run('setenv a; echo x${a}$a'), 'x\n');
  t.is((await runAtPrompt(dialogue, 'false')).code, 1);
  t.is((await runAtPrompt(dialogue, 'true')).code, 0);
  t.regex(await run('mmc list'), /FSL_SDHC: 0/);
  t.regex(await run('mmc part'), /4\s*0x00002000\s*0x[0-9a-f]{8}\s*"rootfs"/);
  t.is((await runAtPrompt(dialogue, 'mmc')).code, 1);
  t.regex(await run('boot'), /Unrecognized filesystem/);
});

test('mmc part without a table', async t => {
  const board = await boardWithLoader(t, { system: 'blank', fallback: 'u-boot' });
  await using port = await consoleOf(board);
  const dialogue = new Dialogue(port);
  await dialogue.send('\r');
  await stopAutoboot(dialogue);
  t.deepEqual(await runAtPrompt(dialogue, 'mmc part'), { output: '## Unknown partition table type 0\n', code: 1 });
});

test('our client stops the boot, enters fastboot, and leaves it', async t => {
  const board = await boardWithLoader(t, { autobootMs: 60_000 });
  const port = await consoleOf(board);
  t.teardown(() => port[Symbol.asyncDispose]());
  const entering = enterFastboot(port, { timeouts: { fastbootMs: 2000 } });
  void board.reboot();
  t.is((await entering).evidence, 'words');
  {
    await using fastboot = await fastbootOf(board);
    t.is(await fastboot.getvar('version'), '0.4');
  }
  await leaveFastboot(port);
  await t.throwsAsync(fastbootOf(board), { code: 'TRANSPORT' });
  t.is(board.power, 'bootloader');
});

test('a request of the board shows on its console, and Ctrl-C leads to the prompt', async t => {
  const board = await boardWithLoader(t);
  const wire = new Wire(t, board);
  wire.type('\r');
  await wire.until('login: ');
  await board.reboot('bootloader');
  await wire.until('Fastboot: Got bootloader commands!\r\n');
  wire.type('x');
  await wire.until('In fastboot mode. Press Control-C to exit.\r\n');
  wire.type('\x03');
  await wire.until('u-boot=> ');
  t.is(board.power, 'bootloader');
});

test('a login on the console acts on the files of the board, and reboots it', async t => {
  const board = await boardWithLoader(t);
  const port = await consoleOf(board);
  t.teardown(() => port[Symbol.asyncDispose]());
  {
    await using shell = await login(port, { username: 'mendel', password: 'mendel' });
    t.is(await shell.mustRun('echo kept > file; id -un; pwd', { operation: 'looking' }), 'mendel\n/home/mendel\n');
  }
  t.is((await readFile(join(board.rootDir, 'home/mendel/file'))).toString(), 'kept\n');
  const wire = new Wire(t, board);
  wire.type('\r');
  await wire.until('login: ');
  wire.type('mendel\r');
  await wire.until('Password: ');
  wire.type('mendel\r');
  t.false((await wire.until(':~$ ')).includes('mendel\r\n'));
  wire.type('sudo reboot-bootloader\r');
  await wire.until('Got bootloader commands');
  await powerBecomes(board, 'bootloader');
});

test('wrong passwords, empty names and Ctrl-C at the login, and logging out', async t => {
  const board = await boardWithLoader(t);
  const wire = new Wire(t, board);
  wire.type('\r');
  await wire.until('login: ');
  wire.type('root\r');
  await wire.until('Password: ');
  wire.type('mendel\r');
  t.is(await wire.until('login: '), `\r\n\r\nLogin incorrect\r\n${board.name} login: `);
  wire.type('\x03\x04mendel\r');
  await wire.until('Password: ');
  wire.type('mendel\r');
  await wire.until(':~$ ');
  wire.type('stty size; stty -echo\r');
  await wire.until('24 80\r\n');
  await wire.until(':~$ ');
  wire.type('exit\r');
  t.regex(await wire.until('login: '), /^\r\nMendel GNU\/Linux/);
});

test('the first boot of a flashed system says so', async t => {
  const board = await boardWithLoader(t, { firstBootMs: 1 });
  await board.reboot('bootloader');
  const wire = new Wire(t, board);
  wire.type('x');
  await wire.until('In fastboot mode');
  await using fastboot = await fastbootOf(board);
  await fastboot.erase('home');
  await fastboot.flash({ partition: 'rootfs', image: bytesImage(Buffer.from('a system')) });
  await fastboot.reboot();
  await wire.until('A start job is running for Scripts that should be run only once (0s / no limit)');
  await wire.until('login: ');
  t.is(board.power, 'running');
});

test('whoever connects last has the line', async t => {
  const board = await boardWithLoader(t);
  const first = connect(board.consolePort ?? 0, '127.0.0.1');
  const ended = new Promise(resolve => first.once('close', resolve));
  first.on('error', () => undefined);
  first.resume();
  await new Promise(resolve => first.once('connect', resolve));
  const wire = new Wire(t, board);
  wire.type('\r');
  await wire.until('login: ');
  await ended;
  t.pass();
});
