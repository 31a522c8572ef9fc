import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readTextFile } from '../../src/host/text-file.js';
import { readVariable } from '../../src/config/variables.js';
import { FileError } from '../../src/errors.js';
import { loadKnownBoards } from '../../src/keys/known-boards.js';
import { MDT_PROGRAM } from '../fixtures/mdt-process.js';
import { tempDir } from '../fixtures/temp-dir.js';

const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

/** As editors of Windows and PowerShell's `>` write it. */
const FORMS: Readonly<Record<string, (text: string) => Buffer>> = {
  'UTF-8 with a byte order mark': text => Buffer.from(`\ufeff${text}`),
  'UTF-16, little end first': text => Buffer.from(`\ufeff${text}`, 'utf16le'),
  'UTF-16, big end first': text => swapped(`\ufeff${text}`),
  'lines that end in CR LF': text => Buffer.from(text.replaceAll('\n', '\r\n')),
};

for (const [form, encode] of Object.entries(FORMS)) {
  test(`a setting and the list of boards are read from ${form}`, async t => {
    const folder = await tempDir(t);
    await writeFile(join(folder, 'password'), encode('grün 1\n'));
    t.is(await readVariable(folder, 'password'), 'grün 1');
    const boards = join(folder, 'known_boards.json');
    await writeFile(boards, encode('{\n  "version": 1,\n  "boards": []\n}\n'));
    t.deepEqual(await loadKnownBoards(boards), []);
  });
}

test('what cannot be read as text is an error that names the file and what is wrong with it', async t => {
  const folder = await tempDir(t);
  const refused = async (content: Buffer, message: RegExp): Promise<void> => {
    const file = join(folder, 'username');
    await writeFile(file, content);
    const error = await t.throwsAsync(readTextFile(file), { instanceOf: FileError, message });
    t.regex(error.message, /username/);
    t.regex(error.hint ?? '', /UTF-8/);
  };
  await refused(Buffer.from('gr\xfcn', 'latin1'), /it is not UTF-8\.$/);
  await refused(Buffer.from('mendel', 'utf16le'), /it holds zero bytes\.$/);
  await refused(Buffer.from([0xff, 0xfe, 0x61]), /it is not UTF-16LE\.$/);
});

test('a setting of several lines is an error that names the file', async t => {
  const folder = await tempDir(t);
  await writeFile(join(folder, 'username'), 'mendel\nroot\n');
  await t.throwsAsync(readVariable(folder, 'username'), {
    instanceOf: FileError,
    message: /username has to be one line/,
  });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
const NOBODY = 65_534;

asRoot(
  'folders that belong to root after sudo are named with the command that gives them back (needs root)',
  async t => {
    const home = await tempDir(t);
    chmodSync(home, 0o755);
    await chown(home, NOBODY, NOBODY);
    const config = join(home, '.config', 'mdt');
    await mkdir(join(home, '.config'));
    await chown(join(home, '.config'), NOBODY, NOBODY);
    await mkdir(join(config, 'attribs'), { recursive: true, mode: 0o700 });
    await mkdir(join(config, 'keys'), { mode: 0o700 });
    await writeFile(join(config, 'known_boards.json'), '{"version":1,"boards":[]}', { mode: 0o600 });
    await writeFile(join(config, 'attribs', 'username'), 'mendel\n', { mode: 0o600 });
    const mdt = (...words: string[]): { status: number | null; stderr: string } =>
      spawnSync(process.execPath, [MDT_PROGRAM, ...words], {
        env: { PATH: process.env['PATH'], HOME: home, NODE_DISABLE_COMPILE_CACHE: '1' },
        uid: NOBODY,
        gid: NOBODY,
        encoding: 'utf8',
      });
    if (mdt('version').status !== 0) {
      t.log('skipped: other users of this host may not read the project');
      t.pass();
      return;
    }
    for (const words of [['get', 'username'], ['set', 'username', 'me'], ['genkey'], ['devices', '--all']]) {
      const { status, stderr } = mdt(...words);
      t.is(status, 5, `${words.join(' ')}: ${stderr}`);
      t.true(stderr.includes(`${config} belongs to root, and mdt runs as nobody`), stderr);
      t.true(stderr.includes(`sudo chown -R nobody: ${config}`), stderr);
    }
  },
);
