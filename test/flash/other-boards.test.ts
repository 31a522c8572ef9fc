// The boards beside the Coral Dev Board: each by its own manifest, onto an eMMC that is laid out as its own.
import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readEnvironment } from '../../src/config/environment.js';
import { boardOnNetwork } from '../../src/bootloader/fastboot-boards.js';
import { connectFastboot } from '../../src/fastboot/connect.js';
import { WrongBoardError } from '../../src/flash/errors.js';
import { openImageSet } from '../../src/flash/image-set.js';
import { unfinishedFlashes } from '../../src/flash/journal.js';
import { journalFolder, prepareFlash, type Prepared } from '../../src/flash/prepare-flash.js';
import { thisHost, type HostContext } from '../../src/pairing/host.js';
import { until } from '../../src/time/retry.js';
import type { BootloaderOptions, VirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { mdt, type Outcome } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { backupTable, partitionTableImage } from '../fixtures/partition-table.js';
import { tempDir } from '../fixtures/temp-dir.js';
import {
  fileOf,
  flashedEmmc,
  readEmmc,
  SMALL_BOARD,
  testRelease,
  writeFolder,
  writeSectors,
  type Emmc,
  type TestRelease,
} from './release.js';

const MIB = 1024 * 1024;
const MINI_BYTES = 24 * MIB;
const MINI_NUMBER = '0123456789ABCDEF';

/** A Mini that was never flashed, which goes into fastboot where it finds nothing to boot. */
const BLANK_MINI: BootloaderOptions = {
  kind: 'dev-board-mini',
  system: 'blank',
  emmcSizeBytes: MINI_BYTES,
  // Enough for less than one image, as on the board, where the last one goes in 25 pieces.
  maxDownloadBytes: 2 * MIB,
  autobootMs: 0,
};

const MINI_PLACES = {
  bootloaders: { startBytes: MIB, sizeBytes: MIB },
  boot: { startBytes: 2 * MIB, sizeBytes: 2 * MIB },
  rootfs: { startBytes: 4 * MIB, sizeBytes: 18 * MIB },
} as const;

/** Sizes as they were seen, but for the two systems of files. */
function miniRelease(): TestRelease {
  const { files, contents } = testRelease();
  const table = partitionTableImage(
    Object.entries(MINI_PLACES).map(([name, place]) => ({ name, ...place })),
    MINI_BYTES,
  );
  return {
    contents,
    files: {
      'partition-table.img': Buffer.concat([table, backupTable(table)]),
      'bl2.img': randomBytes(87 * 1024),
      'u-boot-env.bin': randomBytes(4096),
      'bootloaders.img': randomBytes(791 * 1024 + 5),
      'boot_arm64.img': fileOf(files, 'boot_arm64.img'),
      'rootfs_arm64.img': fileOf(files, 'rootfs_arm64.img'),
    },
  };
}

/** What a Mini has to hold when the release was flashed onto one that had `before`. */
function flashedMini(before: Emmc, { files, contents }: TestRelease): Emmc {
  const [user, boot0, boot1] = [Buffer.from(before.user), Buffer.from(before.boot0), Buffer.from(before.boot1)];
  writeSectors(user, 0, fileOf(files, 'partition-table.img'));
  writeSectors(boot0, 0, fileOf(files, 'bl2.img'));
  writeSectors(boot1, 0, fileOf(files, 'u-boot-env.bin'));
  writeSectors(user, MINI_PLACES.bootloaders.startBytes, fileOf(files, 'bootloaders.img'));
  writeSectors(user, MINI_PLACES.boot.startBytes, fileOf(files, 'boot_arm64.img'));
  const { startBytes, sizeBytes } = MINI_PLACES.rootfs;
  contents('rootfs', user.subarray(startBytes, startBytes + sizeBytes)).copy(user, startBytes);
  return { user, boot0, boot1 };
}

interface Desk {
  readonly board: VirtualBoard;
  readonly host: HostContext;
  readonly release: TestRelease;
  readonly path: string;
  readonly before: Emmc;
  /** `mdt flash --yes` over TCP. */
  readonly flash: (...words: string[]) => Promise<Outcome>;
}

async function desk(t: ExecutionContext, bootloader: BootloaderOptions, release: TestRelease): Promise<Desk> {
  const { board, configDir } = await boardOnDesk(t, { bootloader });
  const path = await writeFolder(join(await tempDir(t), 'release'), release);
  const fastboot = `tcp:${board.address}:${String(board.fastbootPort)}`;
  return {
    ...{ board, release, path, before: await readEmmc(board.emmc) },
    host: thisHost(readEnvironment({ HOME: configDir, MDT_CONFIG_DIR: configDir })),
    flash: (...words) => mdt({ configDir }, 'flash', '--yes', '-d', fastboot, ...words, path),
  };
}

function holds(t: ExecutionContext, after: Emmc, wanted: Emmc): void {
  for (const area of ['user', 'boot0', 'boot1'] as const) t.true(after[area].equals(wanted[area]), area);
}

test('a blank Mini gets its table, both boot areas and its partitions in one go, and runs Mendel then', async t => {
  const { board, host, release, before, flash } = await desk(t, BLANK_MINI, miniRelease());
  const { code, out, err } = await flash();
  t.is(code, 0, err);
  t.regex(out, /^tcp:\S+: flashed in 7 steps, /);
  t.regex(err, /names of the files are not confirmed/);
  t.regex(err, /^The board does not tell its product; it is taken for a Coral Dev Board Mini by its serial number/m);
  const steps = [...err.matchAll(/^Step \d of 7: (.*)$/gm)].map(([, step]) => step);
  t.deepEqual(steps, [
    'flash mmc0 with partition-table.img',
    'flash mmc0boot0 with bl2.img',
    'flash mmc0boot1 with u-boot-env.bin',
    'flash bootloaders with bootloaders.img',
    'flash boot with boot_arm64.img',
    'flash rootfs with rootfs_arm64.img',
    'reboot into Mendel',
  ]);
  t.notRegex(err, /home/);
  holds(t, await readEmmc(board.emmc), flashedMini(before, release));
  t.deepEqual(await unfinishedFlashes(journalFolder(host)), []);
  await until({ intervalMs: 5 }, () => Promise.resolve(board.power === 'running' || undefined));
});

for (const [completed, failing] of [
  [2, 'mmc0boot1'],
  [5, 'rootfs'],
] as const) {
  test(`a Mini that refuses ${failing} goes on there, by a journal that is not named by the number of all`, async t => {
    const { board, host, release, before, flash } = await desk(t, BLANK_MINI, miniRelease());
    board.faults = { failSteps: [`flash:${failing}`] };
    const { code, err } = await flash();
    t.is(code, 7);
    t.regex(err, new RegExp(`Flashing failed in step ${String(completed + 1)} of 7, flash ${failing} with `));
    t.is((await unfinishedFlashes(journalFolder(host)))[0]?.completed, completed);
    const place = encodeURIComponent(`tcp:${board.address}:${String(board.fastbootPort)}`);
    t.deepEqual(await readdir(journalFolder(host)), [`${place}.json`]);
    board.faults = {};
    const resumed = await flash('--resume');
    t.is(resumed.code, 0, resumed.err);
    t.regex(resumed.out, new RegExp(`flashed in ${String(7 - completed)} steps?, `));
    holds(t, await readEmmc(board.emmc), flashedMini(before, release));
  });
}

test('a Mini that tells its serial number on USB alone is known by it', async t => {
  const own = await desk(t, { ...BLANK_MINI, variables: { '.serialno': '' } }, miniRelease());
  const target = { protocol: 'tcp', host: own.board.address, port: own.board.fastbootPort ?? 0 } as const;
  const there = boardOnNetwork(target);
  await using images = await openImageSet({ path: own.path });
  const prepare = async (serialNumber?: string): Promise<Prepared> => {
    await using client = await connectFastboot(target);
    const place = { kind: 'fastboot', name: 'the board', target } as const;
    const device = { ...there.device, ...(serialNumber === undefined ? {} : { serialNumber }) };
    return await prepareFlash(own.host, { board: { ...there, device }, client, place }, { images });
  };
  await t.throwsAsync(prepare(), { instanceOf: WrongBoardError, message: /one that does not tell what it is/ });
  const { facts, plan, record } = await prepare(MINI_NUMBER);
  t.deepEqual(facts, { serialNumber: MINI_NUMBER, hasHome: false });
  t.is(plan.steps.length, 7);
  t.is(record.board, MINI_NUMBER);
});

test('images for a Mini are refused by a Dev Board, and those for a Dev Board by a Mini', async t => {
  const mini = await desk(t, { ...SMALL_BOARD, system: 'none' }, miniRelease());
  t.regex(
    (await mini.flash()).err,
    /images are for a Coral Dev Board Mini, and the board is a Coral Dev Board \(phanbell\)/,
  );
  holds(t, await readEmmc(mini.board.emmc), mini.before);
  const big = await desk(t, BLANK_MINI, testRelease());
  t.regex((await big.flash()).err, /images are for a Coral Dev Board, and the board is a Coral Dev Board Mini\./);
  holds(t, await readEmmc(big.board.emmc), big.before);
});

test('a Tinker Edge T is flashed as a Dev Board is, by its own manifest', async t => {
  const bootloader = {
    ...SMALL_BOARD,
    system: 'none',
    variables: { ...SMALL_BOARD.variables, product: 'tinker' },
  } as const;
  const { board, path, release, before, flash } = await desk(t, bootloader, testRelease());
  await writeFile(join(path, 'flash.cmd'), 'rem its zip has a script for Windows, too');
  const { code, err } = await flash('--wipe-home');
  t.is(code, 0, err);
  t.regex(err, /shares; it has not been tried on one/);
  t.regex(err, /^Step 9 of 9: reboot into Mendel$/m);
  holds(t, await readEmmc(board.emmc), flashedEmmc(before, release, { home: 'written' }));
});
