import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { clearVariable, listVariables, readVariable, writeVariable } from '../../src/config/variables.js';
import { writePrivateFile } from '../../src/host/private-file.js';
import { FileError, UsageError } from '../../src/errors.js';
import { tempDir } from '../fixtures/temp-dir.js';

const posix = process.platform === 'win32' ? test.skip : test;

test('a variable is one file with one line, as Python MDT wrote it, with or without line end', async t => {
  const folder = await tempDir(t);
  await writeVariable(folder, 'username', 'root');
  t.is(await readFile(join(folder, 'username'), 'utf8'), 'root\n');
  await writeFile(join(folder, 'password'), 'secret');
  await writeFile(join(folder, 'preferred-device'), 'swift-otter\r\n');
  t.deepEqual(
    [...(await listVariables(folder))],
    [
      ['password', 'secret'],
      ['preferred-device', 'swift-otter'],
      ['username', 'root'],
    ],
  );
});

test('what is not there reads as undefined and clears to false', async t => {
  const folder = join(await tempDir(t), 'missing');
  t.is(await readVariable(folder, 'username'), undefined);
  t.false(await clearVariable(folder, 'username'));
  t.is((await listVariables(folder)).size, 0);
});

test('a cleared variable is gone', async t => {
  const folder = await tempDir(t);
  await writeVariable(folder, 'username', 'root');
  t.true(await clearVariable(folder, 'username'));
  t.is(await readVariable(folder, 'username'), undefined);
});

for (const name of ['', '.', '..', '../keys/mdt.key', 'a/b', '-x', 'a b', 'a\0b']) {
  test(`${JSON.stringify(name)} cannot be the name of a variable`, async t => {
    const folder = await tempDir(t);
    await t.throwsAsync(readVariable(folder, name), { instanceOf: UsageError });
    await t.throwsAsync(writeVariable(folder, name, 'x'), { instanceOf: UsageError });
    await t.throwsAsync(clearVariable(folder, name), { instanceOf: UsageError });
  });
}

test('a value is one line', async t => {
  const folder = await tempDir(t);
  for (const value of ['a\nb', 'a\rb', 'a\0b']) {
    await t.throwsAsync(writeVariable(folder, 'username', value), { instanceOf: UsageError });
  }
  t.deepEqual(await readdir(folder), []);
});

test('a variable that cannot be read or written is an error of the file, with the reason', async t => {
  const folder = await tempDir(t);
  await mkdir(join(folder, 'username'));
  await t.throwsAsync(readVariable(folder, 'username'), { instanceOf: FileError });
  await t.throwsAsync(writeVariable(folder, 'username', 'x'), { instanceOf: FileError });
  await t.throwsAsync(clearVariable(folder, 'username'), { instanceOf: FileError });
  const noFolder = join(folder, 'file');
  await writeFile(noFolder, '');
  await t.throwsAsync(listVariables(noFolder), { instanceOf: FileError });
});

posix('what is written is for the owner alone, and so are the folders that had to be made', async t => {
  const folder = await tempDir(t);
  const file = join(folder, 'a', 'b', 'secret');
  await writePrivateFile(file, 'x');
  t.is((await stat(file)).mode & 0o777, 0o600);
  t.is((await stat(join(folder, 'a', 'b'))).mode & 0o777, 0o700);
});

posix('a failed write leaves the old file and nothing else', async t => {
  const folder = await tempDir(t);
  const file = join(folder, 'key');
  await writePrivateFile(file, 'old');
  await mkdir(join(folder, 'taken'));
  await t.throwsAsync(writePrivateFile(join(folder, 'taken'), 'new'));
  await chmod(file, 0o400);
  await writePrivateFile(file, 'new');
  t.is(await readFile(file, 'utf8'), 'new');
  t.deepEqual((await readdir(folder)).sort(), ['key', 'taken']);
});
