import test from 'ava';
import { ImageError } from '../../../src/fastboot/image/image.js';
import { prepareImage } from '../../../src/fastboot/image/prepare.js';
import { bytesImage } from '../../fakes/fastboot/bytes-image.js';
import { sparseFile } from './sparse-file.js';

const good = sparseFile({
  blockBytes: 512,
  chunks: [
    { kind: 'raw', data: Buffer.alloc(1024, 'data') },
    { kind: 'fill', blocks: 4, word: 7 },
    { kind: 'skip', blocks: 2 },
  ],
});

/** Where the chunk headers of `good` begin. */
const [RAW, FILL, SKIP] = [28, 28 + 12 + 1024, 28 + 12 + 1024 + 16];

function damaged(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(good);
  change(bytes);
  return bytes;
}

const bad: readonly (readonly [what: string, bytes: Buffer, message: RegExp])[] = [
  ['major version 2', damaged(b => b.writeUInt16LE(2, 4)), /version 2/],
  ['a file header that is too short', damaged(b => b.writeUInt16LE(27, 8)), /headers are too short/],
  ['chunk headers that are too short', damaged(b => b.writeUInt16LE(11, 10)), /headers are too short/],
  ['blocks of no bytes', damaged(b => b.writeUInt32LE(0, 12)), /block size of 0/],
  ['blocks that are no whole words', damaged(b => b.writeUInt32LE(514, 12)), /block size of 514/],
  ['blocks of 2 GiB', damaged(b => b.writeUInt32LE(0x8000_0000, 12)), /block size of 2147483648/],
  ['more blocks in total than its chunks cover', damaged(b => b.writeUInt32LE(9, 16)), /cover less/],
  ['fewer blocks in total than its chunks cover', damaged(b => b.writeUInt32LE(7, 16)), /cover more/],
  ['more chunks than it has', damaged(b => b.writeUInt32LE(4, 20)), /ends before its content/],
  ['fewer chunks than it has', damaged(b => b.writeUInt32LE(2, 20)), /cover less/],
  ['a chunk of an unknown type', damaged(b => b.writeUInt16LE(0xcac5, FILL)), /chunk 1 is of an unknown type/],
  ['a RAW chunk of another size than its blocks', damaged(b => b.writeUInt32LE(1000, RAW + 8)), /chunk 0 has a size/],
  ['a FILL chunk without its word', damaged(b => b.writeUInt32LE(12, FILL + 8)), /chunk 1 has a size/],
  ['a DONT_CARE chunk with data', damaged(b => b.writeUInt32LE(16, SKIP + 8)), /chunk 2 has a size/],
  ['a chunk that is smaller than its header', damaged(b => b.writeUInt32LE(0, SKIP + 8)), /chunk 2 has a size/],
  ['a CRC32 chunk that covers blocks', damaged(b => b.writeUInt16LE(0xcac4, FILL)), /chunk 1 has a size/],
  ['a truncated header', good.subarray(0, 30), /ends before its content/],
  ['truncated data', good.subarray(0, 600), /ends before its content/],
  ['a truncated last chunk', good.subarray(0, good.length - 1), /ends before its content/],
  ['nothing in it', Buffer.alloc(0), /is empty/],
];

for (const [what, bytes, message] of bad) {
  test(`an image with ${what} is refused when it is read through`, async t => {
    const error = await t.throwsAsync(prepareImage(bytesImage(bytes), { partition: 'rootfs' }), {
      instanceOf: ImageError,
      message,
    });
    t.is(error.exitCode, 2);
    t.is(error.facts['image'], 'test.img');
    t.truthy(error.hint);
  });
}

test('blocks that are no whole sectors are refused', async t => {
  const bytes = sparseFile({ blockBytes: 4, chunks: [{ kind: 'fill', blocks: 128, word: 0 }] });
  await t.throwsAsync(prepareImage(bytesImage(bytes), { partition: 'boot' }), { message: /multiple of 512/ });
});

test('the covered size, not the size of the file, is held against the partition', async t => {
  const place = { partition: 'rootfs', partitionBytes: 8 * 512 };
  t.is((await prepareImage(bytesImage(good), place)).coveredBytes, 8 * 512);
  await t.throwsAsync(prepareImage(bytesImage(good), { ...place, partitionBytes: 7 * 512 }), {
    instanceOf: ImageError,
    message: /covers 4096 bytes, and rootfs has 3584/,
  });
});

test('a raw image is held against the partition with its last sector', async t => {
  const place = { partition: 'boot', partitionBytes: 1024 };
  t.is((await prepareImage(bytesImage(Buffer.alloc(1000)), place)).coveredBytes, 1024);
  await t.throwsAsync(prepareImage(bytesImage(Buffer.alloc(1025)), place), { instanceOf: ImageError });
});

test('a board that takes less than one block at a time gets nothing', async t => {
  await t.throwsAsync(prepareImage(bytesImage(good), { partition: 'boot', limitBytes: 500 }), {
    message: /takes only 500 bytes/,
  });
});
