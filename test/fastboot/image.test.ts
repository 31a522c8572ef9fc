import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { FileError } from '../../src/errors.js';
import { FileImage } from '../../src/fastboot/image/file-image.js';
import { ImageError, type Image, type Step } from '../../src/fastboot/image/image.js';
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
    await cursor.advance([index % 2 === 0 ? target : length]);
    if (index % 2 === 0 && !target.equals(wanted.subarray(position, position + length))) return false;
    position += length;
  }
  return true;
}

const steps = fc.array(fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 90_000 })), {
  maxLength: 30,
});

/** The same, with several steps taken at once. */
async function walkAtOnce(image: Image, moves: readonly (readonly number[])[], wanted: Buffer): Promise<boolean> {
  await using cursor = await image.open();
  let position = 0;
  for (const sizes of moves) {
    const filled: { readonly target: Buffer; readonly start: number }[] = [];
    const taken = sizes.map((size, index): Step => {
      const start = position;
      const length = Math.min(size, wanted.length - start);
      position += length;
      if (index % 2 === 1) return length;
      const target = Buffer.alloc(length);
      filled.push({ target, start });
      return target;
    });
    await cursor.advance(taken);
    if (!filled.every(({ target, start }) => target.equals(wanted.subarray(start, start + target.length))))
      return false;
  }
  return true;
}

test('many steps at once come out as one by one', async t => {
  const path = join(await tempDir(t), 'x.img');
  await writeFile(path, content);
  await using file = await FileImage.open(path);
  const sizes = fc.oneof(
    fc.integer({ min: 0, max: 30 }),
    fc.integer({ min: 0, max: 9000 }),
    fc.integer({ min: 0, max: 90_000 }),
  );
  const moves = fc.array(fc.array(sizes, { maxLength: 12 }), { maxLength: 8 });
  const padded = Buffer.concat([content, Buffer.alloc(32)]);
  await fc.assert(
    fc.asyncProperty(moves, async list => {
      t.true(await walkAtOnce(file, list, content));
      t.true(await walkAtOnce(bytesImage(content, [7000, 3]), list, content));
      t.true(await walkAtOnce(paddedImage(file, 512), list, padded));
    }),
    { numRuns: 60 },
  );
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
  const error = await t.throwsAsync(cursor.advance([Buffer.alloc(2000)]), { instanceOf: ImageError });
  t.is(error.facts['positionBytes'], 1000);
  await t.throwsAsync(cursor.advance([400_000]), { instanceOf: ImageError });
  await using streamed = await bytesImage(content).open();
  await t.throwsAsync(streamed.advance([400_000]), { instanceOf: ImageError });
});

test('a file that cannot be read any more is an error of the file', async t => {
  const path = join(await tempDir(t), 'x.img');
  await writeFile(path, content);
  const image = await FileImage.open(path);
  await using cursor = await image.open();
  await image[Symbol.asyncDispose]();
  for (const sizeBytes of [10, 20_000]) {
    const error = await t.throwsAsync(cursor.advance([Buffer.alloc(sizeBytes)]), { instanceOf: FileError });
    t.truthy(error.facts['code']);
  }
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
        advance: moves => cursor.advance(moves),
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
