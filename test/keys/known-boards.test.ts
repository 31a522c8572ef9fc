import { fork } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AmbiguousDeviceError, FileError } from '../../src/errors.js';
import { ed25519Blob } from '../../src/keys/openssh-key.js';
import { forgetBoard, loadKnownBoards, rememberBoard, type KnownBoard } from '../../src/keys/known-boards.js';
import { knownHostsLine } from '../../src/keys/known-hosts.js';
import { tempDir } from '../fixtures/temp-dir.js';

function board(name: string, key: number, overrides: Partial<KnownBoard> = {}): KnownBoard {
  return {
    name,
    hostKey: { algorithm: 'ssh-ed25519', blob: ed25519Blob(Buffer.alloc(32, key)) },
    routes: [{ kind: 'ssh', medium: 'lan', address: '10.0.0.7', port: 22 }],
    lastSeen: '2024-05-01T12:00:00.000Z',
    ...overrides,
  };
}

async function newFile(t: ExecutionContext): Promise<string> {
  return join(await tempDir(t), 'mdt', 'known_boards.json');
}

test('no file means no boards', async t => {
  t.deepEqual(await loadKnownBoards(await newFile(t)), []);
});

test('a board reads back as it was remembered', async t => {
  const file = await newFile(t);
  const full = board('swift-otter', 1, {
    routes: [
      { kind: 'ssh', medium: 'usb-network', address: 'fe80::1', port: 22, interface: 'usb0', usbPort: '1-1.4' },
      { kind: 'ssh', medium: 'loopback', address: '127.0.0.1', port: 2222, keymasterPort: 4444 },
    ],
    serialNumber: '0f1e',
  });
  await rememberBoard(file, full);
  await rememberBoard(file, board('plain', 2));
  t.deepEqual(await loadKnownBoards(file), [board('plain', 2), full]);
});

test('a board is known by its host key: a new name or address replaces the old', async t => {
  const file = await newFile(t);
  await rememberBoard(file, board('old-name', 1));
  await rememberBoard(file, board('twin', 2));
  await rememberBoard(file, board('twin', 3));
  await rememberBoard(file, board('new-name', 1));
  t.deepEqual(
    (await loadKnownBoards(file)).map(({ name }) => name),
    ['new-name', 'twin', 'twin'],
  );
});

test('a board can be forgotten by key or by name', async t => {
  const file = await newFile(t);
  for (const [name, key] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ] as const) {
    await rememberBoard(file, board(name, key));
  }
  t.is((await forgetBoard(file, 'A'))?.name, 'a');
  t.is((await forgetBoard(file, board('', 3).hostKey))?.name, 'c');
  t.is(await forgetBoard(file, 'a'), undefined);
  t.deepEqual(await loadKnownBoards(file), [board('b', 2)]);
});

test('a name that two boards have is not enough to forget one', async t => {
  const file = await newFile(t);
  await rememberBoard(file, board('twin', 1));
  await rememberBoard(file, board('twin', 2));
  await t.throwsAsync(forgetBoard(file, 'twin'), { instanceOf: AmbiguousDeviceError });
  t.is((await loadKnownBoards(file)).length, 2);
});

if (process.platform !== 'win32') {
  test('the file is for its owner alone', async t => {
    const file = await newFile(t);
    await rememberBoard(file, board('a', 1));
    t.is((await stat(file)).mode & 0o777, 0o600);
  });
}

test('a board that is remembered again as it was leaves the file alone', async t => {
  const file = await newFile(t);
  await rememberBoard(file, board('a', 1));
  const before = await stat(file);
  await rememberBoard(file, board('a', 1));
  t.is((await stat(file)).ino, before.ino);
});

const hostile: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['cut short', '{"version": 1, "boards": [{"name": "a"'],
  ['a list', '[]'],
  ['without version', '{"boards": []}'],
  ['without boards', '{"version": 1}'],
  ['a board without key', '{"version": 1, "boards": [{"name": "a", "routes": [], "lastSeen": ""}]}'],
  [
    'a board with a broken key',
    '{"version": 1, "boards": [{"name": "a", "hostKey": "AAAA", "routes": [], "lastSeen": ""}]}',
  ],
  [
    'a route of another kind',
    JSON.stringify({
      version: 1,
      boards: [{ ...board('a', 1), hostKey: 'AAAAC3NzaC1lZDI1NTE5', routes: [{ kind: 'ssh', medium: 'pigeon' }] }],
    }),
  ],
  ['of a later version', '{"version": 2, "boards": {}}'],
];

for (const [name, text] of hostile) {
  test(`a file that is ${name} is a clear error, and nothing in it is lost`, async t => {
    const file = await newFile(t);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text);
    for (const use of [
      async () => loadKnownBoards(file),
      async () => rememberBoard(file, board('a', 1)),
      async () => forgetBoard(file, 'a'),
    ]) {
      const error = await t.throwsAsync<FileError>(use, { instanceOf: FileError });
      t.truthy(error.hint);
    }
    t.is(await readFile(file, 'utf8'), text);
    t.deepEqual(await readdir(join(file, '..')), ['known_boards.json']);
  });
}

test('several processes that remember boards at once lose none', async t => {
  const file = await newFile(t);
  const script = join(import.meta.dirname, 'remember-boards.js');
  const workers = [0, 1, 2, 3].map(async index => {
    const child = fork(script, [file, String(index * 10 + 1), '10']);
    const code = await new Promise(resolve => child.once('exit', resolve));
    t.is(code, 0);
  });
  await Promise.all(workers);
  t.is((await loadKnownBoards(file)).length, 40);
  t.deepEqual(await readdir(join(file, '..')), ['known_boards.json']);
});

if (process.platform !== 'win32' && process.getuid?.() !== 0) {
  test('a folder that cannot be written is a clear error', async t => {
    const file = await newFile(t);
    await mkdir(join(file, '..'), { recursive: true });
    await chmod(join(file, '..'), 0o500);
    await t.throwsAsync(rememberBoard(file, board('a', 1)), { instanceOf: FileError });
    await chmod(join(file, '..'), 0o700);
  });
}

test('the line for known_hosts is what ssh has', t => {
  t.is(
    knownHostsLine('swift-otter', board('', 0).hostKey),
    'swift-otter ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  );
});
