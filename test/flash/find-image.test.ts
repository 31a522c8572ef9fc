import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { UsageError } from '../../src/errors.js';
import { findImage } from '../../src/flash/find-image.js';
import { tempDir } from '../fixtures/temp-dir.js';

const EAGLE = 'enterprise-eagle-20211117215217.zip';

async function folderWith(t: Parameters<typeof tempDir>[0], ...names: readonly string[]): Promise<string> {
  const folder = await tempDir(t);
  for (const name of names) await writeFile(join(folder, name), '');
  return folder;
}

test('the only release in a folder is what is meant, whatever else is there', async t => {
  const folder = await folderWith(t, 'notes.txt', 'photos.zip', 'enterprise-eagle-flashcard-20211117215217.zip', EAGLE);
  t.is(await findImage(folder), join(folder, EAGLE));
});

test('a folder that is an unpacked release is meant itself', async t => {
  const names = ['u-boot.imx', 'partition-table-8gb.img', 'boot_arm64.img', 'rootfs_arm64.img', 'home.img'];
  const folder = await folderWith(t, ...names, EAGLE);
  t.is(await findImage(folder), folder);
});

test('none or several are told as that', async t => {
  await t.throwsAsync(findImage(await folderWith(t, 'photos.zip')), {
    instanceOf: UsageError,
    message: /No images were named, and there are none/,
  });
  await t.throwsAsync(findImage(await folderWith(t, EAGLE, 'mendel-enterprise-day-13.zip')), {
    instanceOf: UsageError,
    message: `This folder has several releases: ${EAGLE}, mendel-enterprise-day-13.zip.`,
  });
});
