// A virtual board in fastboot as a process of its own, and a release for it in a zip: `node flash-board-process.js FOLDER`
// prints {"port", "zip"} and runs until its input ends.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { startVirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { sparseFile } from '../fastboot/sparse/sparse-file.js';
import { partitionTableImage } from '../fixtures/partition-table.js';
import { SMALL_BOARD, testRelease, writeZip } from '../flash/release.js';

const [folder = '.'] = process.argv.slice(2);
const MIB = 1024 * 1024;
const EMMC_BYTES = 512 * MIB;
// The proportions of a real release, at an eighth of its rootfs: partitions in MiB.
const PLACES = { boot: [2, 128], misc: [130, 1], home: [132, 32], rootfs: [164, 340] } as const;

const partitions = Object.entries(PLACES).map(([name, [start, size]]) => {
  return { name, startBytes: start * MIB, sizeBytes: size * MIB };
});
const table = partitionTableImage(partitions, EMMC_BYTES);
const rootfs = sparseFile({
  blockBytes: 4096,
  chunks: [
    { kind: 'raw', data: compressible('mdt-virtual-image release=day\n', 128 * MIB) },
    { kind: 'fill', blocks: 4096, word: 0 },
    { kind: 'skip', blocks: 8192 },
    { kind: 'raw', data: compressible('', 64 * MIB) },
  ],
});
const files = {
  ...testRelease().files,
  ...{ 'partition-table-8gb.img': table, 'partition-table-16gb.img': table, 'partition-table-64gb.img': table },
  ...{ 'boot_arm64.img': compressible('', 128 * MIB), 'rootfs_arm64.img': rootfs },
};
const zip = await writeZip(join(folder, 'enterprise-eagle-20211117215217.zip'), { files });
await using board = await startVirtualBoard({
  name: 'swift-otter',
  announce: false,
  rebootMs: 100,
  rootDir: join(folder, 'board'),
  bootloader: { ...SMALL_BOARD, emmcSizeBytes: EMMC_BYTES, maxDownloadBytes: 0x1900_0000, fallback: 'fastboot' },
});
await board.reboot('bootloader');
process.stdout.write(`${JSON.stringify({ port: board.fastbootPort, zip })}\n`);
process.stdin.resume();
await once(process.stdin, 'end');

/** Half of each block is noise, so that a zip of it is about half as long, as zips of releases are. */
function compressible(start: string, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  const noise = randomBytes(MIB);
  for (let at = 0; at < sizeBytes; at += 4096)
    noise.copy(bytes, at, (at * 7) % (MIB - 2048), ((at * 7) % (MIB - 2048)) + 2048);
  bytes.write(start);
  return bytes;
}
