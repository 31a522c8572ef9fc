import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Device } from '../../src/device/device.js';
import type { BootloaderOptions, VirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { mdt, type Outcome } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { flashedEmmc, readEmmc, SMALL_BOARD, testRelease, writeFolder, writeZip } from '../flash/release.js';

interface Desk {
  readonly board: VirtualBoard;
  readonly selector: string;
  readonly dir: string;
  readonly release: ReturnType<typeof testRelease>;
  readonly run: (...words: string[]) => Promise<Outcome>;
}

/** A board in fastboot, and `mdt flash -d BOARD …`. */
async function desk(t: ExecutionContext, options: BootloaderOptions = {}): Promise<Desk> {
  const { board, configDir } = await boardOnDesk(t, { bootloader: { ...SMALL_BOARD, ...options } });
  await board.reboot('bootloader');
  const selector = `tcp:${board.address}:${String(board.fastbootPort)}`;
  const dir = await tempDir(t);
  const run = (...words: string[]): Promise<Outcome> => mdt({ configDir }, 'flash', '-d', selector, ...words);
  return { board, selector, dir, release: testRelease(), run };
}

/** What the board has been asked to write: nothing, if its eMMC is as it was. */
async function untouched(t: ExecutionContext, { board }: Desk, work: () => Promise<void>): Promise<void> {
  const before = await readEmmc(board.emmc);
  await work();
  const after = await readEmmc(board.emmc);
  t.true(after.user.equals(before.user));
  t.true(after.boot0.equals(before.boot0));
}

test('a dry run prints the steps, and does none of them', async t => {
  const own = await desk(t);
  const path = await writeZip(join(own.dir, 'release.zip'), own.release);
  await untouched(t, own, async () => {
    const { code, out, err } = await own.run('--dry-run', path);
    t.is(code, 0, err);
    t.is(
      out,
      [
        '1  flash bootloader0 with u-boot.imx (300 kB)',
        '2  reboot into the bootloader',
        '3  flash gpt with partition-table-8gb.img (17.4 kB)',
        '4  reboot into the bootloader',
        '5  erase misc',
        '6  flash boot with boot_arm64.img (1.0 MB)',
        '7  flash rootfs with rootfs_arm64.img (5.3 MB)',
        '8  reboot into Mendel',
        '',
      ].join('\n'),
    );
    t.regex((await own.run('--dry-run', '--wipe-home', path)).out, /^6 {2}flash home with home\.img/m);
    t.notRegex((await own.run('--dry-run', '--no-reboot', path)).out, /into Mendel/);
  });
});

test('a dry run of a board that runs Mendel asks it over SSH, and says that it would be restarted first', async t => {
  const { board, configDir } = await boardOnDesk(t, { bootloader: SMALL_BOARD });
  const path = await writeFolder(join(await tempDir(t), 'release'), testRelease());
  const before = await readEmmc(board.emmc);
  const run = (...words: string[]): Promise<Outcome> => mdt({ configDir }, 'flash', '--dry-run', ...words, path);
  const running = await run('-d', 'swift-otter');
  t.is(running.code, 0, running.err);
  t.is(running.err, 'The home partition is kept.\n');
  const [first = '', ...steps] = running.out.split('\n');
  t.is(first, '0  restart swift-otter from Mendel into fastboot');
  t.regex((await run('-d', 'swift-otter', '--wipe-home')).out, /^6 {2}flash home with home\.img/m);
  const resumed = await run('-d', 'swift-otter', '--resume');
  t.is(resumed.code, 2);
  t.regex(resumed.err, /runs Mendel; what is left of a flash only a board in fastboot tells/);
  t.is(board.power, 'running');
  t.true((await readEmmc(board.emmc)).user.equals(before.user));
  await board.reboot('bootloader');
  t.is((await run('-d', `tcp:${board.address}:${String(board.fastbootPort)}`)).out, steps.join('\n'));
});

const RUNNING_MISTAKES: Readonly<Record<string, readonly [BootloaderOptions, RegExp]>> = {
  'is another kind of board': [
    { ...SMALL_BOARD, variables: { ...SMALL_BOARD.variables, product: 'mt8167' } },
    /the board is a Coral Dev Board Mini/,
  ],
  'has an eMMC of another size': [
    { ...SMALL_BOARD, variables: { '.mmc_size': '31000000000' } },
    /no Coral Dev Board with an eMMC of 31000000000 bytes/,
  ],
};

for (const [what, [bootloader, message]] of Object.entries(RUNNING_MISTAKES)) {
  test(`a dry run over SSH of a board that ${what} says so`, async t => {
    const { configDir } = await boardOnDesk(t, { bootloader });
    const path = await writeFolder(join(await tempDir(t), 'release'), testRelease());
    const { code, err } = await mdt({ configDir }, 'flash', '--dry-run', '-d', 'swift-otter', path);
    t.is(code, 2, err);
    t.regex(err, message);
  });
}

test('a dry run does not pair, and does not touch a console', async t => {
  const { board, configDir } = await boardOnDesk(t, { paired: false, bootloader: SMALL_BOARD });
  const path = await writeFolder(join(await tempDir(t), 'release'), testRelease());
  const stranger = await mdt({ configDir }, 'flash', '--dry-run', '-d', 'swift-otter', path);
  t.is(stranger.code, 4);
  t.deepEqual(await board.authorizedKeys(), []);
  const console = `tcp:${board.address}:${String(board.consolePort)}`;
  const alone = await mdt({ configDir }, 'flash', '--dry-run', '--console', console, path);
  t.is(alone.code, 2);
  t.regex(alone.err, /Cannot preview: only the serial console .* is known\.\nhint: A dry run restarts nothing\./);
});

test('a product that no manifest knows is flashed only if the user names it', async t => {
  const own = await desk(t, { variables: { ...SMALL_BOARD.variables, product: 'my board' } });
  const path = await writeFolder(join(own.dir, 'release'), own.release);
  const run = (...words: string[]): Promise<Outcome> => own.run('--yes', '--no-reboot', ...words, path);
  await untouched(t, own, async () => {
    const { code, err } = await run();
    t.is(code, 2);
    t.regex(
      err,
      /images are for a Coral Dev Board, and the board calls itself my board\.\nhint: .*--product 'my board'/,
    );
    t.is((await run('--product', 'another')).code, 2);
  });
  const { code, err } = await run('--product', 'my board');
  t.is(code, 0, err);
  t.regex(err, /^The board calls itself my board; it is taken for a Coral Dev Board, as --product says\.$/m);
});

test('a board that does not tell its product is told by the size of its eMMC, and that is said', async t => {
  const own = await desk(t, { variables: { ...SMALL_BOARD.variables, product: '' } });
  const path = await writeFolder(join(own.dir, 'release'), own.release);
  const { code, err } = await own.run('--yes', '--no-reboot', path);
  t.is(code, 0, err);
  t.regex(err, /^The board does not tell its product; it is taken for a Coral Dev Board by the size of its eMMC\.$/m);
});

test('--yes flashes, and tells it in one line', async t => {
  const own = await desk(t);
  const path = await writeFolder(join(own.dir, 'release'), own.release);
  const before = await readEmmc(own.board.emmc);
  const { code, out, err } = await own.run('--yes', '--no-reboot', path);
  t.is(code, 0, err);
  t.regex(out, /^tcp:127\.0\.0\.1:\d+: flashed in 7 steps, [\d.]+ s\n$/);
  t.regex(err, /^Step 1 of 7: flash bootloader0 with u-boot\.imx$/m);
  const after = await readEmmc(own.board.emmc);
  t.true(after.user.equals(flashedEmmc(before, own.release, { home: 'kept' }).user));
  t.is(own.board.power, 'bootloader');
});

test('one partition, by option or by the name of the image', async t => {
  const own = await desk(t);
  const image = join(own.dir, 'boot_arm64.img');
  await writeFile(image, own.release.files['boot_arm64.img'] ?? '');
  for (const words of [['--partition', `boot=${image}`], [image]]) {
    t.regex(
      (await own.run('--dry-run', ...words)).out,
      /^1 {2}flash boot with .*boot_arm64\.img \(1\.0 MB\)\n2 {2}reboot into Mendel\n$/,
    );
  }
  const { code, out } = await own.run('--yes', '--json', '--partition', `boot=${image}`);
  t.is(code, 0);
  const result = JSON.parse(out) as { flashed: boolean; steps: string[] };
  t.true(result.flashed);
  t.is(result.steps.length, 2);
});

test('without --yes and without a terminal nothing is touched', async t => {
  const own = await desk(t);
  const path = await writeFolder(join(own.dir, 'release'), own.release);
  await untouched(t, own, async () => {
    const { code, err } = await own.run(path);
    t.is(code, 2);
    t.regex(err, /no terminal to ask at\.\nhint: Add --yes/);
  });
});

interface Mistake {
  readonly spoil?: (folder: string) => Promise<void>;
  readonly words?: readonly string[];
  readonly board?: BootloaderOptions;
  readonly code?: number;
  readonly message: RegExp;
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  'an eMMC of no size that the board comes with': {
    board: { variables: { '.mmc_size': '31000000000' } },
    message: /no Coral Dev Board with an eMMC of 31000000000 bytes/,
  },
  'a board that does not tell the size of its eMMC': {
    board: { variables: { '.mmc_size': 'unknown' } },
    message: /does not tell the size of its eMMC/,
  },
  'another kind of board': {
    board: { variables: { ...SMALL_BOARD.variables, product: 'mt8167' } },
    message: /images are for a Coral Dev Board, and the board is a Coral Dev Board Mini \(mt8167\)/,
  },
  'a Mini by its serial number': {
    board: { serialNumber: '0123456789ABCDEF', variables: { ...SMALL_BOARD.variables, product: 'unheard of' } },
    message: /the board is a Coral Dev Board Mini/,
  },
  'a missing image': { spoil: folder => rm(join(folder, 'rootfs_arm64.img')), message: /lacks rootfs_arm64\.img/ },
  'a missing partition table': {
    spoil: folder => rm(join(folder, 'partition-table-8gb.img')),
    message: /lack partition-table-8gb\.img, which the partition gpt needs/,
  },
  'a partition that is too small': {
    spoil: folder => writeFile(join(folder, 'boot_arm64.img'), Buffer.alloc(2 * 1024 * 1024 + 1)),
    message: /boot_arm64\.img is not usable: it covers 2097153 bytes, and boot has 2097152/,
  },
  'images that changed their names': {
    spoil: async folder => {
      await rename(join(folder, 'partition-table-8gb.img'), join(folder, 'boot_arm64.img'));
      await rename(join(folder, 'u-boot.imx'), join(folder, 'partition-table-8gb.img'));
      await writeFile(join(folder, 'u-boot.imx'), 'x');
    },
    message: /partition-table-8gb\.img is not usable: it is a bootloader, where gpt needs a partition table/,
  },
  'a web page in place of an image': {
    spoil: folder => writeFile(join(folder, 'boot_arm64.img'), '<!DOCTYPE html><html>Not found</html>'),
    message: /boot_arm64\.img is not usable: it is a web page/,
  },
  'a sparse image that is cut off': {
    spoil: async folder => {
      await writeFile(
        join(folder, 'rootfs_arm64.img'),
        testRelease().files['rootfs_arm64.img']?.subarray(0, 70_000) ?? '',
      );
    },
    message: /rootfs_arm64\.img is not usable: it ends before its content does/,
  },
  'an empty image': {
    spoil: folder => writeFile(join(folder, 'home.img'), ''),
    message: /home\.img is not usable: it is empty/,
  },
  'a home partition to keep and to wipe': { words: ['--keep-home', '--wipe-home'], message: /cannot be used with/ },
  'two images for a partition': {
    words: ['--partition', 'boot=a', '--partition', 'boot=b'],
    message: /two images for boot/,
  },
  'nothing to resume': { words: ['--resume'], message: /No flash of this board was interrupted/ },
};

for (const [what, mistake] of Object.entries(MISTAKES)) {
  test(`refused before anything is written: ${what}`, async t => {
    const own = await desk(t, mistake.board);
    const path = await writeFolder(join(own.dir, 'release'), own.release);
    await mistake.spoil?.(path);
    await untouched(t, own, async () => {
      const { code, err } = await own.run('--yes', ...(mistake.words ?? []), path);
      t.is(code, mistake.code ?? 2, err);
      t.regex(err, mistake.message);
      t.regex(err, /^hint: /m);
    });
  });
}

test('--all flashes the boards that are in fastboot; one that fails does not end the others', async t => {
  const [good, bad] = [await desk(t), await desk(t)];
  bad.board.faults = { failSteps: ['flash:gpt'] };
  const path = await writeFolder(join(good.dir, 'release'), good.release);
  const devices = [good, bad].map(({ board }, index): Device => {
    const target = { protocol: 'tcp', host: board.address, port: board.fastbootPort ?? 0 } as const;
    const serialNumber = `000000000000000${String(index)}`;
    const route = { kind: 'fastboot', medium: 'tcp', target, access: 'ready' } as const;
    return { name: '', state: 'fastboot', serialNumber, routes: [route] };
  });
  const before = await readEmmc(good.board.emmc);
  const configDir = await tempDir(t);
  const { code, out, err } = await mdt({ configDir, devices }, 'flash', '--all', '--yes', '--no-reboot', path);
  t.is(code, 7);
  t.regex(out, /^0000000000000000 \(tcp:\S+\): flashed in 7 steps, [^\n]+\n$/);
  t.regex(err, /^0000000000000001 \(tcp:\S+\):\nerror: Flashing failed in step 3 of 7, flash gpt/m);
  t.true((await readEmmc(good.board.emmc)).user.equals(flashedEmmc(before, good.release, { home: 'kept' }).user));
  const two = await mdt({ configDir, devices }, 'flash', '--yes', path);
  t.is(two.code, 3);
  t.regex(two.err, /2 boards were found: .*\nhint: Name one with -d, such as .* or flash all of them with --all/);
});

test('boards that cannot be flashed say why', async t => {
  const configDir = await tempDir(t);
  const path = await writeFolder(join(configDir, 'release'), testRelease());
  const run = (...devices: Device[]): Promise<Outcome> => mdt({ configDir, devices }, 'flash', '--yes', path);
  const target = { protocol: 'usb', usbPort: '1-1.4' } as const;
  const denied = { kind: 'fastboot', medium: 'usb', target, usbPort: '1-1.4', access: 'denied' } as const;
  const rom = { kind: 'usb', medium: 'usb', usbPort: '1-2', vendorId: 0x1fc9, productId: 0x012b } as const;
  const none = await run();
  t.is(none.code, 3);
  t.regex(none.err, /No board was found to flash\.\nhint: .*C to C.*ON OFF OFF OFF.*--console/s);
  const forbidden = await run({ name: '', state: 'inaccessible', serialNumber: 'ab', routes: [denied] });
  t.is(forbidden.code, 5);
  t.regex(forbidden.err, /hint: Run `sudo mdt udev install`/);
  const bricked = await run({ name: '', state: 'rom-download', routes: [rom] });
  t.is(bricked.code, 3);
  t.regex(bricked.err, /no bootloader that starts.*\nhint: .*recovery\.img/);
});
