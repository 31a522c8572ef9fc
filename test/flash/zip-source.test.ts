import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ImageError } from '../../src/fastboot/image/image.js';
import type { ImageSource } from '../../src/flash/image-source.js';
import { openImageSource } from '../../src/flash/open-source.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { zipFile, type ZipPart } from '../fixtures/zip-writer.js';

async function openBytes(t: ExecutionContext, bytes: Buffer, name = 'release.zip'): Promise<ImageSource> {
  const path = join(await tempDir(t), name);
  await writeFile(path, bytes);
  const source = await openImageSource(path);
  t.teardown(() => source[Symbol.asyncDispose]());
  return source;
}

const open = (t: ExecutionContext, parts: readonly ZipPart[]): Promise<ImageSource> => openBytes(t, zipFile(parts));

async function contentOf(source: ImageSource, name: string): Promise<Buffer | undefined> {
  const file = source.files.get(name);
  if (file === undefined) return undefined;
  const content = Buffer.alloc(file.sizeBytes);
  const image = await file.open();
  await using cursor = await image.open();
  await cursor.advance([content]);
  return content;
}

test('files are read in place, stored or deflated, in a folder or not', async t => {
  const data = Buffer.concat([randomBytes(300_000), Buffer.alloc(200_000)]);
  for (const stored of [true, false]) {
    const source = await open(t, [
      { name: 'enterprise-eagle-1/', stored: true },
      { name: 'enterprise-eagle-1/boot.img', data, stored },
      { name: 'enterprise-eagle-1/docs/boot.img', data: Buffer.from('another'), stored },
    ]);
    t.is(source.name, 'release.zip');
    t.deepEqual([...source.files.keys()], ['enterprise-eagle-1/boot.img', 'enterprise-eagle-1/docs/boot.img']);
    t.deepEqual(await contentOf(source, 'enterprise-eagle-1/boot.img'), data);
    t.deepEqual(await contentOf(source, 'enterprise-eagle-1/boot.img'), data, 'as often as needed');
  }
});

test('a file may be left in the middle while others are read', async t => {
  const data = randomBytes(2_000_000);
  const source = await open(t, [
    { name: 'boot.img', data },
    { name: 'rootfs.img', data },
  ]);
  const begin = async (): Promise<void> => {
    const image = await source.files.get('boot.img')?.open();
    await using cursor = await image?.open();
    await cursor?.advance([Buffer.alloc(4)]);
  };
  const whole = contentOf(source, 'rootfs.img');
  for (let time = 0; time < 20; time++) await Promise.all([begin(), begin()]);
  t.deepEqual(await whole, data);
});

test('a zip without a folder, with zip64 sizes, and under any name', async t => {
  const data = randomBytes(5000);
  const source = await openBytes(t, zipFile([{ name: 'boot.img', data, zip64: true }]), 'download');
  t.is(source.kind, 'zip');
  t.is(source.files.get('boot.img')?.sizeBytes, 5000);
  t.deepEqual(await contentOf(source, 'boot.img'), data);
});

const data = Buffer.from('image');
test('names that lead out of a zip are passed over', async t => {
  const names = [
    'a/../../boot.img',
    '/etc/boot.img',
    'C:/boot.img',
    '..\\boot.img',
    'ok\\boot.img',
    './top.img',
    'folder/',
  ];
  const source = await open(
    t,
    names.map(name => ({ name, data })),
  );
  t.deepEqual([...source.files.keys()], ['ok/boot.img', 'top.img']);
});

const REFUSED: Readonly<Record<string, readonly ZipPart[]>> = {
  'two of one name': [
    { name: 'boot.img', data },
    { name: 'boot.img', data },
  ],
  'two that differ in case alone': [
    { name: 'BOOT.img', data },
    { name: 'boot.img', data },
  ],
  'an encrypted file': [{ name: 'boot.img', data, flags: 1 }],
  'a link': [{ name: 'boot.img', data, mode: 0o120777 }],
  'a method that is not deflate': [{ name: 'boot.img', data, method: 14 }],
  'a size beyond what deflate can do': [{ name: 'boot.img', data, claimedBytes: 0xfff0_0000 }],
};

for (const [what, parts] of Object.entries(REFUSED)) {
  test(`an entry is refused when it is needed, and disturbs nobody before: ${what}`, async t => {
    const source = await open(t, [...parts, { name: 'other.img', data }]);
    t.deepEqual(await contentOf(source, 'other.img'), data);
    const error = await t.throwsAsync(contentOf(source, 'boot.img'), { instanceOf: ImageError });
    t.truthy(error.hint);
  });
}

test('bytes behind the end of a zip do no harm', async t => {
  const source = await openBytes(t, Buffer.concat([zipFile([{ name: 'boot.img', data }]), Buffer.alloc(10_240)]));
  t.deepEqual(await contentOf(source, 'boot.img'), data);
});

test('a truncated zip, and what is no zip though called one', async t => {
  const bytes = zipFile([{ name: 'boot.img', data: randomBytes(10_000) }]);
  for (const broken of [
    bytes.subarray(0, -30),
    bytes.subarray(0, 5000),
    Buffer.from('not a zip at all'),
    Buffer.alloc(0),
  ]) {
    await t.throwsAsync(openBytes(t, broken), { instanceOf: ImageError, message: /damaged or incomplete/ });
  }
});

test('a zip of too many files', async t => {
  const parts = Array.from({ length: 10_001 }, (_, index) => ({ name: String(index), stored: true }));
  await t.throwsAsync(open(t, parts), { instanceOf: ImageError, message: /10001 entries/ });
});

for (const [what, part] of Object.entries<Partial<ZipPart>>({
  'a wrong checksum': { crc: 1 },
  'more data than it says': { claimedBytes: 9000 },
  'less data than it says': { claimedBytes: 11_000 },
})) {
  test(`refused when it is read through: ${what}`, async t => {
    const source = await open(t, [{ name: 'boot.img', data: randomBytes(10_000), ...part }]);
    await t.throwsAsync(contentOf(source, 'boot.img'), {
      instanceOf: ImageError,
      message: /boot\.img in release\.zip/,
    });
  });
}

test('data that is not deflated data', async t => {
  const source = await open(t, [{ name: 'boot.img', data: randomBytes(10_000), stored: true, method: 8 }]);
  await t.throwsAsync(contentOf(source, 'boot.img'), { instanceOf: ImageError });
});

test('a folder has the files that are right in it, and one file is by itself', async t => {
  const dir = await tempDir(t);
  await writeFile(join(dir, 'boot.img'), data);
  const folder = await openImageSource(dir);
  t.deepEqual([folder.kind, [...folder.files.keys()]], ['folder', ['boot.img']]);
  t.is((await folder.files.get('boot.img')?.open())?.sizeBytes, 5);
  await folder[Symbol.asyncDispose]();
  await using file = await openImageSource(join(dir, 'boot.img'));
  t.is(file.kind, 'file');
  await t.throwsAsync(openImageSource(join(dir, 'none.zip')), { message: /there is no such file or folder/ });
});
