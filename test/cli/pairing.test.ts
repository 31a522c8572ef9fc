import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { tempDir } from '../fixtures/temp-dir.js';

test('pair pushes the key through the keymaster once, and is content the next time', async t => {
  const { configDir, board } = await boardOnDesk(t, { paired: false });
  t.deepEqual(await mdt({ configDir }, 'pair', 'swift-otter'), {
    code: 0,
    out: 'swift-otter is paired (by keymaster)\n',
    err: '',
  });
  t.is((await board.authorizedKeys()).length, 1);
  t.is((await mdt({ configDir }, 'pair', 'swift-otter')).out, 'swift-otter was paired already\n');
  const { out } = await mdt({ configDir }, 'pair', 'swift-otter', '--json');
  t.like(JSON.parse(out), { name: 'swift-otter', method: 'already-paired' });
});

test('the first contact of any command pairs, and says so beside the result', async t => {
  const { configDir } = await boardOnDesk(t, { paired: false });
  const { code, out, err } = await mdt({ configDir }, 'exec', '-d', 'swift-otter', 'echo hi');
  t.is(code, 0);
  t.is(out, 'hi\n');
  t.regex(err, /^Paired with swift-otter/);
});

test('a board that another host has paired with is refused with what to do', async t => {
  const { configDir, board } = await boardOnDesk(t, { paired: false });
  await board.setAuthorizedKeys(['ssh-rsa AAAA mdt']);
  await mdt({ configDir }, 'unpair', 'swift-otter', '--forget');
  const { address, sshPort: port, keymasterPort } = board;
  const route = { kind: 'ssh', medium: 'loopback', address, port, keymasterPort } as const;
  const devices = [{ name: 'swift-otter', state: 'unpaired', routes: [route] } as const];
  const { code, out, err } = await mdt({ configDir, devices }, 'pair', 'swift-otter');
  t.is(code, 4);
  t.is(out, '');
  t.regex(err, /another host may have paired with it, in which case run `mdt resetkeys swift-otter`/);
});

test('a board that was paired and refuses the key now is not said to be paired by another host', async t => {
  const { configDir, board } = await boardOnDesk(t, { paired: false });
  await board.setAuthorizedKeys(['ssh-rsa AAAA mdt']);
  const { code, err } = await mdt({ configDir }, 'pair', 'swift-otter');
  t.is(code, 4);
  t.regex(err, /^error: swift-otter refuses the key of this host, though the two have been paired/);
  t.notRegex(err, /another host/i);
});

test('unpair takes the key off the board and forgets the board', async t => {
  const { configDir, board } = await boardOnDesk(t);
  t.is((await mdt({ configDir }, 'unpair', 'swift-otter')).out, 'swift-otter is unpaired\n');
  t.deepEqual(await board.authorizedKeys(), []);
  t.is((await mdt({ configDir }, 'ssh-config')).code, 3);
});

test('unpair --forget does not need the board', async t => {
  const { configDir, board } = await boardOnDesk(t);
  await board.close();
  t.is((await mdt({ configDir }, 'unpair', 'swift-otter', '--forget')).out, 'swift-otter is forgotten\n');
  t.is((await mdt({ configDir }, 'unpair', 'swift-otter', '--forget')).code, 3);
});

test('pushkey adds a key of another host once', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const file = join(await tempDir(t), 'other.pub');
  await writeFile(file, 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f other\n');
  const words = ['pushkey', file, '-d', 'swift-otter'];
  t.is((await mdt({ configDir }, ...words)).out, `Key ${file} pushed.\n`);
  t.is((await mdt({ configDir }, ...words)).out, `Key ${file} was there already.\n`);
  t.is((await board.authorizedKeys()).length, 2);
  t.is((await mdt({ configDir }, 'pushkey', '-d', 'swift-otter')).out, 'Push complete.\n');
});

test('resetkeys wants the board to be named, also where one is preferred', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const env = { MDT_DEVICE: 'swift-otter' };
  const { code, err } = await mdt({ configDir, env }, 'resetkeys');
  t.is(code, 2);
  t.regex(err, /has to be named/);
  t.is((await board.authorizedKeys()).length, 1);
  t.is((await mdt({ configDir }, 'resetkeys', 'swift-otter')).out, 'Removed all MDT keys from swift-otter\n');
  t.deepEqual(await board.authorizedKeys(), []);
});

test('genkey makes a key for the owner alone, and replaces it only when forced', async t => {
  const configDir = await tempDir(t);
  const keyFile = join(configDir, 'keys', 'mdt.key');
  const made = await mdt({ configDir }, 'genkey', '--type', 'ed25519');
  t.deepEqual(made, { code: 0, out: `Made ${keyFile} (ssh-ed25519)\n`, err: '' });
  if (process.platform !== 'win32') t.is((await stat(keyFile)).mode & 0o777, 0o600);
  const first = await readFile(keyFile, 'utf8');
  const refused = await mdt({ configDir }, 'genkey', '--type', 'ed25519');
  t.is(refused.code, 2);
  t.regex(refused.err, /hint: .*--force/);
  t.is(await readFile(keyFile, 'utf8'), first);
  const forced = await mdt({ configDir }, 'genkey', '--type', 'ed25519', '--force');
  t.is(forced.code, 0);
  t.regex(forced.err, /is kept as .*mdt\.key\.bak/);
});

test('setkey takes a key over, and says what is no key', async t => {
  const from = await tempDir(t);
  await mdt({ configDir: from }, 'genkey', '--type', 'ed25519');
  const file = join(from, 'keys', 'mdt.key');
  const configDir = await tempDir(t);
  t.is((await mdt({ configDir }, 'setkey', file)).out, `Key ${file} imported.\n`);
  t.regex(await readFile(join(configDir, 'keys', 'mdt.key'), 'utf8'), /^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
  const garbage = join(from, 'garbage');
  await writeFile(garbage, 'not a key\n', { mode: 0o600 });
  t.is((await mdt({ configDir }, 'setkey', garbage)).code, 2);
  t.is((await mdt({ configDir }, 'setkey', join(from, 'missing'))).code, 5);
});

test('ssh-config prints an entry that pins the host key', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const { out } = await mdt({ configDir }, 'ssh-config', 'swift-otter');
  t.regex(out, /^Host swift-otter\n {2}HostName 127\.0\.0\.1\n {2}Port \d+\n {2}User mendel\n/);
  t.regex(out, /StrictHostKeyChecking yes/);
  const knownHosts = await readFile(join(configDir, 'known_hosts'), 'utf8');
  t.is(knownHosts, `swift-otter ${board.hostKey.algorithm} ${board.hostKey.blob.toString('base64')}\n`);
  t.is((await mdt({ configDir }, 'ssh-config', 'bold-crow')).code, 3);
});
