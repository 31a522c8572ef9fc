import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { AbortedError, FileError } from '../../../src/errors.js';
import { FileImage } from '../../../src/fastboot/image/file-image.js';
import { convertToRaw } from '../../../src/fastboot/sparse/convert-to-raw.js';
import { convertToSparse } from '../../../src/fastboot/sparse/convert-to-sparse.js';
import { bytesImage } from '../../fakes/fastboot/bytes-image.js';
import { tempDir } from '../../fixtures/temp-dir.js';
import { mustRun } from '../../lab/program.js';
import { hasProgram } from '../../lab/requirements.js';
import { blocksFrom, blocksIn, sparseFile } from './sparse-file.js';

/** Random data, zeros, and words, in stretches that are no whole blocks, longer than the converter reads at once. */
function testImage(): Buffer {
  return Buffer.concat([
    randomBytes(10_000),
    Buffer.alloc(3_000_000),
    Buffer.alloc(500_000, 'word'),
    randomBytes(3_000_000),
    Buffer.alloc(100_000),
  ]);
}

function paddedToBlock(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 4095)]);
}

test('a raw image becomes a sparse one with the same blocks, and a raw one again', async t => {
  const dir = await tempDir(t);
  const bytes = testImage();
  await convertToSparse(bytesImage(bytes, [1, 5000, 70_000]), join(dir, 'sparse.img'));
  const sparse = await readFile(join(dir, 'sparse.img'));
  t.is(blocksIn(sparse).join(''), paddedToBlock(bytes).toString('hex'));
  t.true(sparse.length < 3_100_000);
  await convertToRaw(bytesImage(sparse), join(dir, 'raw.img'));
  t.true((await readFile(join(dir, 'raw.img'))).equals(paddedToBlock(bytes)));
  t.deepEqual((await readdir(dir)).sort(), ['raw.img', 'sparse.img']);
});

test('any bytes survive both ways', async t => {
  const dir = await tempDir(t);
  const stretches = fc.tuple(fc.integer({ min: 1, max: 9000 }), fc.constantFrom('', '\0', 'word', 'x'));
  await fc.assert(
    fc.asyncProperty(fc.array(stretches, { minLength: 1, maxLength: 6 }), async parts => {
      const bytes = Buffer.concat(
        parts.map(([length, pattern]) => (pattern === '' ? randomBytes(length) : Buffer.alloc(length, pattern))),
      );
      await convertToSparse(bytesImage(bytes, [777]), join(dir, 'sparse.img'));
      await convertToRaw(bytesImage(await readFile(join(dir, 'sparse.img')), [333]), join(dir, 'raw.img'));
      t.true((await readFile(join(dir, 'raw.img'))).equals(paddedToBlock(bytes)));
    }),
    { numRuns: 40 },
  );
});

test('a conversion that fails leaves what was there before, and nothing else', async t => {
  const dir = await tempDir(t);
  await writeFile(join(dir, 'raw.img'), 'before');
  const file = sparseFile({ blockBytes: 4096, chunks: [{ kind: 'raw', data: randomBytes(8192) }] });
  await t.throwsAsync(convertToRaw(bytesImage(file.subarray(0, 6000)), join(dir, 'raw.img')), {
    message: /ends before/,
  });
  const converting = convertToSparse(bytesImage(randomBytes(100)), join(dir, 'raw.img'), {
    signal: AbortSignal.abort(),
  });
  await t.throwsAsync(converting, { instanceOf: AbortedError });
  t.is(await readFile(join(dir, 'raw.img'), 'utf8'), 'before');
  t.deepEqual(await readdir(dir), ['raw.img']);
  await t.throwsAsync(convertToSparse(bytesImage(randomBytes(100)), join(dir, 'no', 'raw.img')), {
    instanceOf: FileError,
  });
});

/** A test against Debian's tools, which are AOSP's own code. */
function withLibsparse(title: string, implementation: (t: ExecutionContext) => Promise<void>): void {
  if (hasProgram('simg2img') && hasProgram('img2simg')) test(title, implementation);
  else test.skip(`${title} (needs Debian's package android-sdk-libsparse-utils)`, implementation);
}

withLibsparse('simg2img reads what we write', async t => {
  const dir = await tempDir(t);
  const bytes = testImage();
  await convertToSparse(bytesImage(bytes), join(dir, 'sparse.img'));
  await mustRun(['simg2img', join(dir, 'sparse.img'), join(dir, 'raw.img')]);
  t.true((await readFile(join(dir, 'raw.img'))).equals(paddedToBlock(bytes)));
});

withLibsparse('we read what img2simg writes', async t => {
  const dir = await tempDir(t);
  const bytes = paddedToBlock(testImage());
  await writeFile(join(dir, 'raw.img'), bytes);
  await mustRun(['img2simg', join(dir, 'raw.img'), join(dir, 'sparse.img')]);
  await using image = await FileImage.open(join(dir, 'sparse.img'));
  await convertToRaw(image, join(dir, 'again.img'));
  t.true((await readFile(join(dir, 'again.img'))).equals(bytes));
});

withLibsparse('simg2img and we read the same out of blocks that are not cared for', async t => {
  const dir = await tempDir(t);
  const file = {
    blockBytes: 1024,
    chunks: [
      { kind: 'skip', blocks: 3 },
      { kind: 'raw', data: randomBytes(4096) },
      { kind: 'skip', blocks: 5 },
      { kind: 'fill', blocks: 2, word: 0x01020304 },
      { kind: 'skip', blocks: 1 },
    ],
  } as const;
  await writeFile(join(dir, 'sparse.img'), sparseFile(file));
  await mustRun(['simg2img', join(dir, 'sparse.img'), join(dir, 'theirs.img')]);
  await convertToRaw(bytesImage(sparseFile(file)), join(dir, 'ours.img'));
  const ours = await readFile(join(dir, 'ours.img'));
  t.true(ours.equals(await readFile(join(dir, 'theirs.img'))));
  const zeros = '00'.repeat(1024);
  t.is(
    ours.toString('hex'),
    blocksFrom(file)
      .map(block => block ?? zeros)
      .join(''),
  );
});
