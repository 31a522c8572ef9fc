import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { writeDeb } from '../files/deb-fixture.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';

const BOARD = ['-d', 'swift-otter'];
const CONTROL = 'Package: demo\nVersion: 1.0\nArchitecture: arm64\nDescription: x\n';

test('push copies files and folders and sums them up in a line; pull brings them back', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const here = await tempDir(t);
  await mkdir(join(here, 'app', 'data'), { recursive: true });
  await writeFile(join(here, 'app', 'main.py'), 'print()\n');
  await writeFile(join(here, 'app', 'data', 'x.bin'), Buffer.alloc(50_000, 7));
  const pushed = await mdt({ configDir }, 'push', ...BOARD, join(here, 'app'));
  t.regex(pushed.out, /^Pushed 2 files, 50\.0 kB to \/home\/mendel\/app in [\d.]+ s \(.*\/s\)\.\n$/);
  // On a slow host it may tell how far it is.
  t.notRegex(pushed.err, /error|warning|hint/);
  t.is(await readFile(join(board.rootDir, 'home/mendel/app/main.py'), 'utf8'), 'print()\n');
  const again = await mdt({ configDir }, 'push', ...BOARD, join(here, 'app'));
  t.is(again.out, 'Pushed 0 files, 0 B to /home/mendel/app; 2 unchanged.\n');
  const pulled = await mdt({ configDir }, 'pull', ...BOARD, '--json', 'app', join(here, 'back/'));
  t.like(JSON.parse(pulled.out), { files: 2, bytes: 50_008, unchanged: 0, skipped: [] });
  t.deepEqual(await readFile(join(here, 'back/app/data/x.bin')), Buffer.alloc(50_000, 7));
});

test('--dry-run says what would be done and does nothing', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const file = join(await tempDir(t), 'a.txt');
  await writeFile(file, 'a');
  const { out } = await mdt({ configDir }, 'push', ...BOARD, '--dry-run', file);
  t.is(out, 'Would push 1 file, 1 B to /home/mendel/a.txt.\n');
  await t.throwsAsync(readFile(join(board.rootDir, 'home/mendel/a.txt')), { code: 'ENOENT' });
});

test('what cannot be pushed or pulled is an error before anything is changed', async t => {
  const { configDir } = await boardOnDesk(t);
  const missing = await mdt({ configDir }, 'push', ...BOARD, '/no/such/file');
  t.is(missing.code, 5);
  t.regex(missing.err, /^error: .*no\/such\/file/);
  t.is((await mdt({ configDir }, 'pull', ...BOARD, 'missing', await tempDir(t))).code, 5);
  t.is((await mdt({ configDir }, 'push', ...BOARD)).code, 2);
  t.is((await mdt({ configDir }, 'push', ...BOARD, '--symlinks', 'maybe', '/etc/hosts')).code, 2);
});

test('install puts packages on the board, and uninstall takes them off', async t => {
  const { configDir } = await boardOnDesk(t);
  const file = join(await tempDir(t), "it's a demo.deb");
  await writeDeb(file, { control: CONTROL });
  const installed = await mdt({ configDir }, 'install', ...BOARD, '--json', file);
  t.like(JSON.parse(installed.out), { packages: [{ name: 'demo', version: '1.0', architecture: 'arm64', file }] });
  t.is((await mdt({ configDir }, 'install', ...BOARD, file)).out, 'Installed demo 1.0\n');
  t.is((await mdt({ configDir }, 'uninstall', ...BOARD, 'demo')).out, 'Removed demo\n');
});

test('a package for another architecture, or none at all, is refused', async t => {
  const { configDir } = await boardOnDesk(t);
  const folder = await tempDir(t);
  const wrong = join(folder, 'wrong.deb');
  await writeDeb(wrong, { control: CONTROL.replace('arm64', 'amd64') });
  const refused = await mdt({ configDir }, 'install', ...BOARD, wrong);
  t.is(refused.code, 7);
  t.regex(refused.err, /built for amd64/);
  const garbage = join(folder, 'garbage.deb');
  await writeFile(garbage, 'garbage');
  t.is((await mdt({ configDir }, 'install', ...BOARD, garbage)).code, 5);
});
