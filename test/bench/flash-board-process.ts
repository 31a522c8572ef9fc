// A virtual board in fastboot as a process of its own, and a release for it in a folder and a zip beside it:
// `node flash-board-process.js FOLDER` prints {"port", "zip", "folder"} and runs until its input ends.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { startVirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { sparseFile } from '../fastboot/sparse/sparse-file.js';
import { SMALL_BOARD, testRelease, writeFolder, writeZip } from '../flash/release.js';

const [folder = '.'] = process.argv.slice(2);
const release = testRelease();
// As much as the partition holds.
const data = Buffer.concat([Buffer.from('mdt-virtual-image release=day\n'), randomBytes(13 * 1024 * 1024)]);
const rootfs = sparseFile({ blockBytes: 4096, chunks: [{ kind: 'raw', data: data.subarray(0, 13 * 1024 * 1024) }] });
const whole = { ...release, files: { ...release.files, 'rootfs_arm64.img': rootfs } };
const zip = await writeZip(join(folder, 'enterprise-eagle-20211117215217.zip'), whole);
const unpacked = await writeFolder(join(folder, 'release'), whole);
await using board = await startVirtualBoard({
  name: 'swift-otter',
  announce: false,
  rebootMs: 100,
  rootDir: join(folder, 'board'),
  bootloader: { ...SMALL_BOARD, fallback: 'fastboot' },
});
await board.reboot('bootloader');
process.stdout.write(`${JSON.stringify({ port: board.fastbootPort, zip, folder: unpacked })}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
