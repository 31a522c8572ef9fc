import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ArError, readArMembers, type ArMember } from '../../src/formats/ar.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { mustRun } from '../lab/program.js';
import { hasProgram } from '../lab/requirements.js';

const HEADER = `${'debian-binary'.padEnd(48)}${'3'.padEnd(10)}\`\n`;

async function membersOf(bytes: Buffer): Promise<ArMember[]> {
  const members: ArMember[] = [];
  const readAt = (position: number, length: number): Promise<Buffer> =>
    Promise.resolve(bytes.subarray(position, position + length));
  for await (const member of readArMembers(readAt)) members.push(member);
  return members;
}

test('members follow one another at even positions', async t => {
  const members = await membersOf(Buffer.from(`!<arch>\n${HEADER}2.0\n${HEADER}abc`));
  t.deepEqual(
    members.map(({ name, position, sizeBytes }) => [name, position, sizeBytes]),
    [
      ['debian-binary', 68, 3],
      ['debian-binary', 132, 3],
    ],
  );
});

test('what is not an archive, and a header that is damaged, are refused', async t => {
  const bad = ['', '!<arch>', 'PK\u0003\u0004....', '!<arch>\nshort', `!<arch>\n${HEADER.replace('3 ', '-1')}2.0`];
  for (const text of bad) {
    await t.throwsAsync(membersOf(Buffer.from(text)), { instanceOf: ArError }, JSON.stringify(text));
  }
});

const withDpkg = hasProgram('dpkg-deb') ? test : test.skip;

withDpkg('a package that dpkg-deb made has its three members (needs dpkg-deb)', async (t: ExecutionContext) => {
  const folder = await tempDir(t);
  await mkdir(join(folder, 'x', 'DEBIAN'), { recursive: true });
  const control = 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: x\n';
  await writeFile(join(folder, 'x', 'DEBIAN', 'control'), control);
  const file = join(folder, 'x.deb');
  await mustRun(['dpkg-deb', '--root-owner-group', '-Zgzip', '--build', join(folder, 'x'), file]);
  const members = await membersOf(await readFile(file));
  t.deepEqual(
    members.map(({ name }) => name),
    ['debian-binary', 'control.tar.gz', 'data.tar.gz'],
  );
});
