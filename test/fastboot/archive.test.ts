import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { archiveOf, refuseArchive } from '../../src/fastboot/image/archive.js';
import { FileImage } from '../../src/fastboot/image/file-image.js';
import { ImageError } from '../../src/fastboot/image/image.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('archives are known by their first bytes, whatever their name', t => {
  const magics = { gzip: '1f8b08', xz: 'fd377a585a00', zstd: '28b52ffd', bzip2: '425a68', zip: '504b0304' };
  for (const [name, hex] of Object.entries(magics)) t.is(archiveOf(Buffer.from(hex, 'hex'))?.name, name);
  t.is(archiveOf(Buffer.from('377abcaf271c', 'hex'))?.unpackWith('a b.img'), "7z x 'a b.img'");
  t.is(archiveOf(Buffer.from('1f8b', 'hex'), 'x.tar.gz')?.unpackWith('x.tar.gz'), 'tar -xf x.tar.gz');
  t.is(archiveOf(Buffer.alloc(512)), undefined);
  t.is(archiveOf(Buffer.alloc(0)), undefined);
});

test('a packed image and a web page are not written to a partition', async t => {
  const folder = await tempDir(t);
  const refusal = async (name: string, bytes: Buffer): Promise<string | undefined> => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    await using image = await FileImage.open(path);
    return (await t.throwsAsync(refuseArchive(image, path), { instanceOf: ImageError })).hint;
  };
  t.regex((await refusal('boot.img.gz', gzipSync('image'))) ?? '', /`gunzip --keep .*boot\.img\.gz`; --raw/);
  t.regex((await refusal('boot.img', Buffer.from('<html>'))) ?? '', /--raw/);
  const path = join(folder, 'plain.img');
  await writeFile(path, 'short');
  await using image = await FileImage.open(path);
  await t.notThrowsAsync(refuseArchive(image, path));
});
