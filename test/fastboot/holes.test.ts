import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AbortedError, FileError } from '../../src/errors.js';
import { connectFastboot } from '../../src/fastboot/connect.js';
import { FileImage } from '../../src/fastboot/image/file-image.js';
import { findHoles } from '../../src/fastboot/image/holes.js';
import { diskWith, startTarget } from '../fakes/fastboot/target-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';

const tar = spawnSync('tar', ['--version'], { encoding: 'utf8' });
const canFindHoles = process.platform === 'linux' && tar.status === 0 && tar.stdout.includes('GNU tar');

function withTar(title: string, implementation: (t: ExecutionContext) => Promise<void>): void {
  if (canFindHoles) test(title, implementation);
  else test.skip(`${title} (needs Linux and GNU tar)`, implementation);
}

const MIB = 1024 * 1024;
const data = randomBytes(8192);

/** 4 MiB with data at 1 MiB, written zeros behind it, and data at the end or not. */
async function sparseOnDisk(path: string, tail = false): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.write(data, 0, data.length, MIB);
    await file.write(Buffer.alloc(8192), 0, 8192, MIB + 8192);
    if (tail) await file.write(data, 0, data.length, 4 * MIB - data.length);
    await file.truncate(4 * MIB);
  } finally {
    await file.close();
  }
}

withTar('the holes of a file are found, and written zeros are none', async t => {
  const dir = await tempDir(t);
  await sparseOnDisk(join(dir, '-a b.img'));
  t.deepEqual(await findHoles(join(dir, '-a b.img'), 4 * MIB), [
    { startBytes: 0, endBytes: MIB },
    { startBytes: MIB + 16_384, endBytes: 4 * MIB },
  ]);
  await sparseOnDisk(join(dir, 'tail.img'), true);
  const holes = await findHoles(join(dir, 'tail.img'), 4 * MIB);
  t.deepEqual(holes.at(-1), { startBytes: MIB + 16_384, endBytes: 4 * MIB - 8192 });
});

withTar('a file without holes has none, and one that is nothing but a hole is one', async t => {
  const path = join(await tempDir(t), 'x.img');
  const file = await open(path, 'w');
  await file.write(data);
  t.deepEqual(await findHoles(path, data.length), []);
  await file.truncate(0);
  await file.truncate(MIB);
  await file.close();
  t.deepEqual(await findHoles(path, MIB), [{ startBytes: 0, endBytes: MIB }]);
});

withTar('where holes cannot be found, that is an error and not a guess', async t => {
  const dir = await tempDir(t);
  await t.throwsAsync(findHoles(join(dir, 'none.img'), MIB), { instanceOf: FileError });
  await t.throwsAsync(findHoles(join(dir, 'none', 'none.img'), MIB), { instanceOf: FileError });
  await sparseOnDisk(join(dir, 'x.img'));
  await t.throwsAsync(findHoles(join(dir, 'x.img'), MIB, AbortSignal.abort()), { instanceOf: AbortedError });
});

for (const keepHoles of [true, false]) {
  withTar(`the board ${keepHoles ? 'keeps what it has' : 'gets zeros'} where an image has holes`, async t => {
    const { target, disk, dir } = await startTarget(t, 'tcp', { maxDownloadBytes: keepHoles ? 8 * MIB : 100_000 });
    await sparseOnDisk(join(dir, 'rootfs.img'));
    t.true((await stat(join(dir, 'rootfs.img'))).blocks * 512 < 4 * MIB);
    await using image = await FileImage.open(join(dir, 'rootfs.img'), { keepHoles });
    await using client = await connectFastboot(target);
    await client.flash({ partition: 'rootfs', image });
    const bytes = keepHoles ? diskWith([]).subarray(4 * MIB, 8 * MIB) : Buffer.alloc(4 * MIB);
    data.copy(bytes, MIB);
    bytes.fill(0, MIB + 8192, MIB + 16_384);
    t.true((await disk()).equals(diskWith([{ partition: 'rootfs', bytes }])));
  });
}
