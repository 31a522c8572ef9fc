import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { FileError } from '../../src/errors.js';
import { FileImage } from '../../src/fastboot/image/file-image.js';
import { ImageError, type Image } from '../../src/fastboot/image/image.js';
import { paddedImage } from '../../src/fastboot/image/padded-image.js';
import { wholeImage } from '../../src/fastboot/payload.js';
import { bytesImage } from '../fakes/fastboot/bytes-image.js';
import { tempDir } from '../fixtures/temp-dir.js';

const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 251));

/** Moves through the image by fills and skips in turn and checks what comes. */
async function walk(image: Image, steps: readonly number[], wanted: Buffer): Promise<boolean> {
  await using cursor = await image.open();
  let position = 0;
  for (const [index, step] of steps.entries()) {
    const length = Math.min(step, wanted.length - position);
    const target = Buffer.alloc(length);
    if (index % 2 === 0) await cursor.fill(target);
    else await cursor.skip(length);
    if (index % 2 === 0 && !target.equals(wanted.subarray(position, position + length))) return false;
    position += length;
  }
  return true;
}

const steps = fc.array(fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 90_000 })), {
  maxLength: 30,
});

test('a file is read from front to back in steps of any size', async t => {
  const path = join(await tempDir(t), 'x.img');
  await writeFile(path, content);
  await using image = await FileImage.open(path);
  t.is(image.name, 'x.img');
  t.is(image.sizeBytes, content.length);
  await fc.assert(
    fc.asyncProperty(steps, async sizes => t.true(await walk(image, sizes, content))),
    { numRuns: 50 },
  );
});

test('a stream is read from front to back however it is cut', async t => {
  const pieces = fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(steps, pieces, async (sizes, cuts) =>
      t.true(await walk(bytesImage(content, cuts), sizes, content)),
    ),
    { numRuns: 30 },
  );
});

test('a padded image goes on with zeros to the next whole unit', async t => {
  const image = paddedImage(bytesImage(content), 512);
  t.is(image.sizeBytes, 300_032);
  const padded = Buffer.concat([content, Buffer.alloc(32)]);
  t.true(await walk(image, [299_999, 1, 32], padded));
  t.true(await walk(image, [0, 300_010, 22], padded));
  const whole = bytesImage(Buffer.alloc(1024));
  t.is(paddedImage(whole, 512), whole);
});

test('an image that ends early says after how many bytes', async t => {
  const path = join(await tempDir(t), 'x.img');
  await writeFile(path, content);
  await using image = await FileImage.open(path);
  await truncate(path, 1000);
  await using cursor = await image.open();
  const error = await t.throwsAsync(cursor.fill(Buffer.alloc(2000)), { instanceOf: ImageError });
  t.is(error.facts['positionBytes'], 1000);
  await t.throwsAsync(cursor.skip(400_000), { instanceOf: ImageError });
  await using streamed = await bytesImage(content).open();
  await t.throwsAsync(streamed.skip(400_000), { instanceOf: ImageError });
});

test('a file that cannot be read any more is an error of the file', async t => {
  const path = join(await tempDir(t), 'x.img');
  await writeFile(path, content);
  const image = await FileImage.open(path);
  await using cursor = await image.open();
  await image[Symbol.asyncDispose]();
  const error = await t.throwsAsync(cursor.fill(Buffer.alloc(20_000)), { instanceOf: FileError });
  t.is(error.facts['code'], 'EBADF');
});

test('a folder and a file that is not there are no images', async t => {
  const dir = await tempDir(t);
  await mkdir(join(dir, 'folder'));
  await t.throwsAsync(FileImage.open(join(dir, 'folder')), { instanceOf: FileError });
  const error = await t.throwsAsync(FileImage.open(join(dir, 'none')), { instanceOf: FileError });
  t.regex(error.message, /there is no such file/);
});

test('a receiver that stops half way lets go of the image', async t => {
  let isOpen = 0;
  const image: Image = {
    ...bytesImage(content),
    open: async () => {
      isOpen += 1;
      const cursor = await bytesImage(content).open();
      return {
        fill: target => cursor.fill(target),
        skip: length => cursor.skip(length),
        [Symbol.asyncDispose]: () => {
          isOpen -= 1;
          return Promise.resolve();
        },
      };
    },
  };
  for await (const packet of wholeImage(image).packets(1000)) {
    t.is(packet.length, 1000);
    break;
  }
  t.is(isOpen, 0);
});
