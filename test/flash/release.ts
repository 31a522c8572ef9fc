import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BootloaderOptions, EmmcFiles } from '../../src/virtual-board/virtual-board.js';
import { sparseFile } from '../fastboot/sparse/sparse-file.js';
import { backupTable, partitionTableImage } from '../fixtures/partition-table.js';
import { zipFile } from '../fixtures/zip-writer.js';

const MIB = 1024 * 1024;
const EMMC_BYTES = 24 * MIB;
const BOOT0_OFFSET = 66 * 512;

/** Where the partition table of the release puts them. */
const PLACES = {
  boot: { startBytes: 2 * MIB, sizeBytes: 2 * MIB },
  misc: { startBytes: 4 * MIB, sizeBytes: MIB },
  home: { startBytes: 6 * MIB, sizeBytes: 2 * MIB },
  rootfs: { startBytes: 8 * MIB, sizeBytes: 14 * MIB },
} as const;

/** A virtual board whose eMMC is small enough to be compared byte by byte, and says that it is of the usual size. */
export const SMALL_BOARD: BootloaderOptions = {
  emmcSizeBytes: EMMC_BYTES,
  maxDownloadBytes: 2 * MIB,
  variables: { '.mmc_size': '7818182656' },
  autobootMs: 0,
};

/** A small release of Mendel, which is what boards of software take for one. */
export interface TestRelease {
  readonly files: Readonly<Record<string, Buffer>>;
  /** What the partition holds when its image has been written over `before`. */
  readonly contents: (partition: 'home' | 'rootfs', before: Buffer) => Buffer;
}

export function testRelease(options: { readonly home?: boolean } = {}): TestRelease {
  const { home = true } = options;
  const data = Buffer.concat([Buffer.from('mdt-virtual-image release=day\n'), randomBytes(5 * MIB)]).subarray(
    0,
    5 * MIB,
  );
  const homeData = randomBytes(8192);
  const rootfs = sparseFile({
    blockBytes: 4096,
    chunks: [
      { kind: 'raw', data },
      { kind: 'fill', blocks: 16, word: 0x64636261 },
      { kind: 'skip', blocks: 100 },
      { kind: 'raw', data: homeData },
      { kind: 'crc' },
    ],
  });
  const partitions = Object.entries(PLACES).filter(([name]) => home || name !== 'home');
  const table = partitionTableImage(
    partitions.map(([name, place]) => ({ name, ...place })),
    EMMC_BYTES,
  );
  const files = {
    'u-boot.imx': Buffer.concat([Buffer.from('d1002041', 'hex'), randomBytes(300_000)]),
    'partition-table-8gb.img': table,
    'partition-table-16gb.img': table,
    'partition-table-64gb.img': table,
    'boot_arm64.img': randomBytes(MIB + 7),
    'rootfs_arm64.img': rootfs,
    'recovery.img': randomBytes(1000),
    ...(home ? { 'home.img': sparseFile({ blockBytes: 4096, chunks: [{ kind: 'raw', data: homeData }] }) } : {}),
  };
  return {
    files,
    contents: (partition, before) => {
      const after = Buffer.from(before);
      homeData.copy(after, partition === 'home' ? 0 : data.length + 116 * 4096);
      if (partition === 'home') return after;
      data.copy(after);
      after.fill('abcd', data.length, data.length + 16 * 4096);
      return after;
    },
  };
}

export async function writeFolder(folder: string, { files }: TestRelease): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return folder;
}

/** As releases are zipped: all in one folder, small files stored. */
export async function writeZip(path: string, { files }: Pick<TestRelease, 'files'>): Promise<string> {
  const parts = Object.entries(files).map(([name, data]) => ({
    name: `enterprise-eagle-20211117215217/${name}`,
    data,
    stored: data.length < 20_000,
  }));
  await writeFile(path, zipFile(parts));
  return path;
}

export interface Emmc {
  readonly user: Buffer;
  readonly boot0: Buffer;
  readonly boot1: Buffer;
}

export async function readEmmc(files: EmmcFiles | undefined): Promise<Emmc> {
  if (files === undefined) throw new Error('The board has no eMMC.');
  const { user, boot0, boot1 } = files;
  return { user: await readFile(user), boot0: await readFile(boot0), boot1: await readFile(boot1) };
}

/** What the eMMC has to hold when the release was flashed onto a board that had `before`. */
export function flashedEmmc(before: Emmc, release: TestRelease, options: { readonly home: 'kept' | 'written' }): Emmc {
  const { files, contents } = release;
  const [user, boot0] = [Buffer.from(before.user), Buffer.from(before.boot0)];
  writeSectors(boot0, BOOT0_OFFSET, fileOf(files, 'u-boot.imx'));
  const table = fileOf(files, 'partition-table-8gb.img');
  writeSectors(user, 0, table);
  backupTable(table).copy(user, EMMC_BYTES - 33 * 512);
  user.fill(0, PLACES.misc.startBytes, PLACES.misc.startBytes + PLACES.misc.sizeBytes);
  writeSectors(user, PLACES.boot.startBytes, fileOf(files, 'boot_arm64.img'));
  for (const name of options.home === 'written' ? (['home', 'rootfs'] as const) : (['rootfs'] as const)) {
    const { startBytes, sizeBytes } = PLACES[name];
    contents(name, user.subarray(startBytes, startBytes + sizeBytes)).copy(user, startBytes);
  }
  return { user, boot0, boot1: before.boot1 };
}

/** As a raw image is written that was padded with zeros to whole sectors. */
export function writeSectors(target: Buffer, at: number, bytes: Buffer): void {
  bytes.copy(target, at);
  target.fill(0, at + bytes.length, at + Math.ceil(bytes.length / 512) * 512);
}

export function fileOf(files: TestRelease['files'], name: string): Buffer {
  const bytes = files[name];
  if (bytes === undefined) throw new Error(`The release has no ${name}.`);
  return bytes;
}
