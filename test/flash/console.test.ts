// `mdt flash` with the serial console of the board at hand, where nothing else leads into fastboot.
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { BootloaderOptions, VirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { mdt, type Outcome } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { flashedEmmc, readEmmc, SMALL_BOARD, testRelease, writeFolder, type TestRelease } from './release.js';

interface Desk {
  readonly board: VirtualBoard;
  readonly configDir: string;
  readonly release: TestRelease;
  readonly path: string;
  readonly fastboot: string;
  readonly console: string;
  /** `mdt flash --yes …`. */
  readonly flash: (...words: string[]) => Promise<Outcome>;
}

const BLANK: BootloaderOptions = { ...SMALL_BOARD, system: 'blank', fallback: 'u-boot' };

async function desk(t: ExecutionContext, bootloader: BootloaderOptions, rebootMs = 50): Promise<Desk> {
  const { board, configDir } = await boardOnDesk(t, { bootloader, rebootMs });
  const release = testRelease();
  const path = await writeFolder(join(await tempDir(t), 'release'), release);
  return {
    ...{ board, configDir, release, path },
    fastboot: `tcp:${board.address}:${String(board.fastbootPort)}`,
    console: `tcp:${board.address}:${String(board.consolePort)}`,
    flash: (...words) => mdt({ configDir }, 'flash', '--yes', ...words, path),
  };
}

async function endsAsMeant(
  t: ExecutionContext,
  { board, release }: Desk,
  { before, home }: { before: Awaited<ReturnType<typeof readEmmc>>; home: 'kept' | 'written' },
): Promise<void> {
  const after = await readEmmc(board.emmc);
  const wanted = flashedEmmc(before, release, { home });
  t.true(after.boot0.equals(wanted.boot0));
  t.true(after.user.equals(wanted.user));
}

test('a blank board at the prompt of U-Boot: both restarts are made by its console, which then tells the version', async t => {
  // Long enough to find it silent after the last step, when a key would stop its boot.
  const own = await desk(t, { ...BLANK, autobootMs: 1000 }, 2500);
  t.is(own.board.power, 'bootloader');
  const before = await readEmmc(own.board.emmc);
  const { code, out, err } = await own.flash('-d', own.fastboot, '--console', own.console, '--verify');
  t.is(code, 0, err);
  t.regex(out, /^tcp:\S+: flashed in 9 steps, .*; swift-otter runs .*\(day\).*\n$/i);
  t.regex(err, /U-Boot was stopped; starting fastboot\.[^]*Restarting the board by its console\./);
  await endsAsMeant(t, own, { before, home: 'written' });
});

test('a board whose countdown runs is stopped', async t => {
  const own = await desk(t, { ...SMALL_BOARD, autobootMs: 60_000 });
  const before = await readEmmc(own.board.emmc);
  const socket = connect(own.board.consolePort ?? 0, own.board.address);
  // What a board says to nobody is lost: the line has to be ours before it restarts.
  socket.write('\r');
  await untilSaid(socket, 'login: ');
  const counts = untilSaid(socket, 'autoboot:');
  void own.board.reboot();
  await counts;
  socket.destroy();
  const { code, err } = await own.flash('-d', own.fastboot, '--console', own.console, '--no-reboot');
  t.is(code, 0, err);
  await endsAsMeant(t, own, { before, home: 'kept' });
});

test('a board that runs Linux is restarted by its console, with name and password', async t => {
  const own = await desk(t, SMALL_BOARD);
  t.is(own.board.power, 'running');
  const before = await readEmmc(own.board.emmc);
  const { code, err } = await own.flash('-d', own.fastboot, '--console', own.console, '--no-reboot');
  t.is(code, 0, err);
  t.regex(err, /Restarting tcp:\S+ into its bootloader, by its console\./);
  await endsAsMeant(t, own, { before, home: 'kept' });
});

test('a known board that does not answer over SSH is brought into fastboot by its console, and found where it ran', async t => {
  const own = await desk(t, BLANK);
  const before = await readEmmc(own.board.emmc);
  const { code, err } = await own.flash('-d', 'swift-otter', '--console', own.console, '--no-reboot');
  t.is(code, 0, err);
  t.regex(err, /^swift-otter does not answer, .* Trying its console\.$/m);
  t.regex(err, new RegExp(`^Waiting for it in fastboot at .*${own.fastboot}\\.$`, 'm'));
  await endsAsMeant(t, own, { before, home: 'written' });
});

test('a board that does not let this host in is brought into fastboot by its console, if that is named', async t => {
  const { board, configDir } = await boardOnDesk(t, { bootloader: SMALL_BOARD, paired: false });
  board.faults = { refuse: ['keymaster-400'] };
  const path = await writeFolder(join(await tempDir(t), 'release'), testRelease());
  const words = ['flash', '--yes', '--no-reboot', '-d', 'swift-otter'];
  const refused = await mdt({ configDir }, ...words, path);
  t.is(refused.code, 4);
  t.regex(refused.err, /its keymaster at \S+ refused the key[^]*give its serial console with --console PORT/);
  t.is(board.power, 'running');
  const console = `tcp:${board.address}:${String(board.consolePort)}`;
  const { code, err } = await mdt({ configDir }, ...words, '--console', console, path);
  t.is(code, 0, err);
  t.regex(err, /refuses the key of this host.* Trying its console\.$/m);
  t.is(board.power, 'bootloader');
});

test('a board that shows another host key is left alone, with a console or without', async t => {
  const own = await desk(t, SMALL_BOARD);
  await own.board.reflash();
  const before = await readEmmc(own.board.emmc);
  const { address, sshPort: port, keymasterPort } = own.board;
  const route = { kind: 'ssh', medium: 'loopback', address, port, keymasterPort } as const;
  const devices = [{ name: 'swift-otter', state: 'online', routes: [route] }] as const;
  const words = ['flash', '--yes', '-d', 'swift-otter', '--console', own.console, own.path];
  const { code, err } = await mdt({ configDir: own.configDir, devices }, ...words);
  t.is(code, 4, err);
  t.regex(err, /host key/);
  t.notRegex(err, /Trying its console/);
  t.is(own.board.power, 'running');
  t.true((await readEmmc(own.board.emmc)).user.equals(before.user));
});

test('a blank board without a console is flashed without the restart that it refuses', async t => {
  const own = await desk(t, { ...BLANK, fallback: 'fastboot' });
  const before = await readEmmc(own.board.emmc);
  const { code, err } = await own.flash('-d', own.fastboot, '--no-reboot');
  t.is(code, 0, err);
  t.regex(err, /^The eMMC is blank, so that the board cannot restart into fastboot; going on without\.$/m);
  await endsAsMeant(t, own, { before, home: 'written' });
});

test('a board that does not see misc in its new table says what to do, and goes on afterwards', async t => {
  const own = await desk(t, { ...BLANK, fallback: 'fastboot' });
  const before = await readEmmc(own.board.emmc);
  own.board.faults = { failSteps: ['reboot-bootloader', 'getvar:partition-size:misc'] };
  const { code, err } = await own.flash('-d', own.fastboot, '--no-reboot');
  t.is(code, 7);
  t.regex(err, /step 4 of 8, reboot into the bootloader: The board has no partition misc.* 3 steps are done/);
  t.regex(err, /^hint: Give its serial console with --console PORT.*mdt flash --resume/m);
  own.board.faults = {};
  t.is((await own.flash('-d', own.fastboot, '--no-reboot', '--resume')).code, 0);
  await endsAsMeant(t, own, { before, home: 'written' });
});

async function untilSaid(socket: ReturnType<typeof connect>, words: string): Promise<void> {
  let text = '';
  while (!text.includes(words)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString();
  }
}
