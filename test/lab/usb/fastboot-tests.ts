import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DeviceBusyError, TimeoutError, TransportError } from '../../../src/errors.js';
import { connectFastboot } from '../../../src/fastboot/connect.js';
import { readPartitionTable } from '../../../src/flash/partition-table.js';
import { listFastbootBoards } from '../../../src/bootloader/fastboot-boards.js';
import { reconnect } from '../../../src/bootloader/wait-for-fastboot.js';
import { until } from '../../../src/time/retry.js';
import { mdt } from '../../fakes/cli-io.js';
import { tempDir } from '../../fixtures/temp-dir.js';
import type { EmulatedBoard } from './emulated-board.js';
import { usbTest, workbench } from './usb-test.js';

const run = promisify(execFile);
const MINI = '0123456789ABCDEF';
const IN_ROM = { vendorId: 0x1fc9, productId: 0x012b, interfaces: [{ interfaceClass: [3, 0, 0], bulk: 1 }] } as const;
const ACCELERATOR = {
  ...{ vendorId: 0x1a6e, productId: 0x089a },
  interfaces: [{ interfaceClass: [0xfe, 1, 1], bulk: 1 }],
} as const;

/** What a partition of the board holds, from its beginning. */
async function contentOf(board: EmulatedBoard, partition: string, lengthBytes: number): Promise<Buffer> {
  const disk = await readFile((await board.state()).emmc?.user ?? '');
  const { startBytes = 0 } =
    readPartitionTable(disk, 'the eMMC').partitions.find(({ name }) => name === partition) ?? {};
  return disk.subarray(startBytes, startBytes + lengthBytes);
}

for (const speed of ['full', 'high', 'super'] as const) {
  usbTest(`a board is found, spoken to and flashed at ${speed} speed`, async t => {
    await using board = await workbench().plugIn({ speed });
    const dir = await tempDir(t);
    // Whole packets at every speed: what would tempt a driver to send an empty one.
    const image = randomBytes(speed === 'full' ? 65_536 : 2_097_152);
    await writeFile(join(dir, 'boot.img'), image);
    t.is((await mdt({ configDir: dir }, 'fastboot', 'getvar', 'product')).out, 'phanbell\n');
    const { code, err } = await mdt({ configDir: dir }, 'fastboot', 'flash', 'boot', join(dir, 'boot.img'));
    t.is(code, 0, err);
    t.true((await contentOf(board, 'boot', image.length)).equals(image));
    t.is((await board.state()).emptyPackets, 0);
  });
}

usbTest('an endpoint that stalls is an error, and the next connection works', async t => {
  await using board = await workbench().plugIn();
  await board.order({ kind: 'trouble', trouble: { kind: 'stall' } });
  {
    await using client = await connectFastboot(board.seen.route.target);
    await t.throwsAsync(client.oem('format'), { instanceOf: TransportError, message: /stall/ });
  }
  await using client = await connectFastboot(board.seen.route.target);
  t.is(await client.getvar('version'), '0.4');
});

usbTest('a board that does not answer times out, and lets go at once', async t => {
  await using board = await workbench().plugIn();
  await board.order({ kind: 'trouble', trouble: { kind: 'mute' } });
  {
    await using client = await connectFastboot(board.seen.route.target, { timeouts: { responseMs: 500 } });
    await t.throwsAsync(client.oem('format'), { instanceOf: TimeoutError });
  }
  await using client = await connectFastboot(board.seen.route.target);
  t.is(await client.getvar('version'), '0.4');
});

usbTest('Ctrl-C ends a command whose words the board does not take, and frees the board', async t => {
  await using board = await workbench().plugIn();
  await board.order({ kind: 'trouble', trouble: { kind: 'deaf', atBytes: 0 } });
  // Were it to wait for its own time, this test would run out of its.
  const words = ['bin/mdt.js', 'fastboot', 'getvar', '--timeout', '600', 'version'];
  const command = spawn(process.execPath, words, { stdio: 'ignore', env: { ...process.env, HOME: await tempDir(t) } });
  const ended = once(command, 'exit');
  await until({ intervalMs: 100, signal: AbortSignal.timeout(240_000) }, async () =>
    (await board.state()).heldWrites > 0 ? true : undefined,
  );
  command.kill('SIGINT');
  t.deepEqual(await ended, [130, null]);
  const client = await connectFastboot(board.seen.route.target);
  await client.close();
});

usbTest('a cable that is pulled in the middle of a download, or of an answer, is told as that', async t => {
  await using board = await workbench().plugIn();
  await board.order({ kind: 'trouble', trouble: { kind: 'unplug', atBytes: 500_000 } });
  const dir = await tempDir(t);
  await writeFile(join(dir, 'boot.img'), randomBytes(2_500_000));
  const { code, err } = await mdt({ configDir: dir }, 'fastboot', 'flash', 'boot', join(dir, 'boot.img'));
  t.is(code, 5);
  t.regex(err, /was unplugged or restarted while sending the data of download:/);
  t.regex(err, /hint: Check the cable/);

  await using other = await workbench().plugIn();
  await using client = await connectFastboot(other.seen.route.target);
  await other.order({ kind: 'trouble', trouble: { kind: 'mute' } });
  const answer = client.oem('format');
  const failed = t.throwsAsync(answer, { instanceOf: TransportError, message: /unplugged/ });
  await other.unplug();
  await failed;
});

usbTest('after reboot-bootloader the same board is waited for, beside another one', async t => {
  await using other = await workbench().plugIn({ serialNumber: 'ffff41d6f0609912' });
  await using board = await workbench().plugIn();
  const client = await connectFastboot(board.seen.route.target);
  await client.rebootBootloader();
  const back = await reconnect({ board: board.seen, client }, { timeoutMs: 60_000 });
  t.is(back.board.device.serialNumber, '1b0741d6f0609912');
  t.not(back.board.connection, board.seen.connection);
  t.is(await back.client.getvar('serialno'), '1b0741d6f0609912');
  await back.client.close();
  t.deepEqual((await other.state()).commands, []);
});

usbTest('two boards are told apart, by serial number or else by port', async t => {
  await using first = await workbench().plugIn({ serialNumber: '1b0741d6f0609912' });
  await using second = await workbench().plugIn({ serialNumber: MINI });
  await using third = await workbench().plugIn({ serialNumber: MINI });
  const configDir = await tempDir(t);
  const fastboot = async (...words: readonly string[]): Promise<{ code: number; out: string; err: string }> =>
    await mdt({ configDir }, 'fastboot', ...words);
  const none = await fastboot('getvar', 'serialno');
  t.is(none.code, 3);
  for (const { selector } of [first, second, third]) t.true(none.err.includes(`(${selector})`), none.err);
  t.is((await fastboot('-s', '1b0741d6f0609912', 'getvar', 'serialno')).out, '1b0741d6f0609912\n');
  t.is((await fastboot('-s', MINI, 'getvar', 'serialno')).code, 3);
  t.is((await fastboot('-s', third.selector, 'oem', 'format')).code, 0);
  t.true((await third.state()).commands.includes('oem format'));
  t.false((await second.state()).commands.includes('oem format'));
});

usbTest('an interface that another program has claimed is busy, and free when it is released', async t => {
  await using board = await workbench().plugIn();
  const { target } = board.seen.route;
  {
    await using client = await connectFastboot(target);
    await t.throwsAsync(connectFastboot(target), {
      instanceOf: DeviceBusyError,
      message: /Another program is using usb:/,
    });
    t.is(await client.getvar('version'), '0.4');
  }
  await using client = await connectFastboot(target);
  t.is(await client.getvar('version'), '0.4');
});

usbTest('a board that this user may not open is listed, and its error names the rule that is missing', async t => {
  await using board = await workbench().plugIn();
  const home = await tempDir(t);
  await chown(home, 65_534, 65_534);
  const nobody = { uid: 65_534, gid: 65_534, env: { ...process.env, HOME: home } };
  const asNobody = async (...words: readonly string[]): Promise<{ out: string; err: string }> =>
    await run(process.execPath, ['bin/mdt.js', ...words], nobody).then(
      ({ stdout, stderr }) => ({ out: stdout, err: stderr }),
      (error: unknown) => {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        return { out: stdout, err: stderr };
      },
    );
  t.is((await asNobody('fastboot', 'devices')).out, '1b0741d6f0609912\tno permissions\n');
  t.is((await asNobody('devices')).out, `1b0741d6f0609912\t\t(${board.selector},inaccessible)\n`);
  const { err } = await asNobody('fastboot', 'getvar', 'version');
  t.regex(err, /1b0741d6f0609912 .* may not be opened by this user\.\nhint: Run `sudo mdt udev install`/);
});

usbTest('what is on USB is in the list of devices with its state', async t => {
  await using board = await workbench().plugIn();
  await board.plugConsole('cp2105');
  await board.plugConsole('gadget');
  for (const device of [IN_ROM, ACCELERATOR]) {
    const attached = await workbench().attach(device);
    t.teardown(() => attached[Symbol.asyncDispose]());
  }
  const { stdout } = await run(process.execPath, ['bin/mdt.js', 'devices', '--json', '--timeout', '60'], {
    env: { ...process.env, HOME: await tempDir(t) },
  });
  const devices = JSON.parse(stdout) as { state: string; name: string }[];
  t.deepEqual(devices.map(({ state, name }) => `${state} ${name}`.trim()).sort(), [
    'accelerator',
    'console-only',
    'console-only swift-otter',
    'fastboot',
    'rom-download',
  ]);
});

usbTest("Debian's fastboot sees the same boards and gets the same answers", async t => {
  await using board = await workbench().plugIn();
  const configDir = await tempDir(t);
  const theirs = await run('fastboot', ['devices']);
  t.is((await mdt({ configDir }, 'fastboot', 'devices')).out.trim(), theirs.stdout.trim().replace(/\s+/, '\t'));
  const { stderr } = await run('fastboot', ['getvar', 'product'], { timeout: 60_000 });
  t.regex(stderr, /product: phanbell/);
  const image = join(configDir, 'misc.img');
  await writeFile(image, randomBytes(71_680));
  await run('fastboot', ['flash', 'misc', image], { timeout: 60_000 });
  t.is((await mdt({ configDir }, 'fastboot', 'flash', 'boot', image)).code, 0);
  t.true((await contentOf(board, 'boot', 71_680)).equals(await contentOf(board, 'misc', 71_680)));
  t.deepEqual(await listFastbootBoards(), [board.seen]);
});
