import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { ProtocolError, TransportError } from '../../src/errors.js';
import { identityOf } from '../../src/keys/public-line.js';
import { connect } from '../../src/ssh/connect.js';
import type { SshSession } from '../../src/ssh/session.js';
import { RemoteFileError } from '../../src/ssh/sftp-requests.js';
import type { SftpChannel } from '../../src/ssh/sftp.js';
import { startVirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { newEd25519, startFakeSshServer } from '../fakes/ssh-server.js';
import { startTcpProxy, type TcpProxy } from '../fakes/tcp-server.js';
import { sshdMissing, startSshd } from '../fixtures/sshd.js';
import { tempDir } from '../fixtures/temp-dir.js';

interface Files {
  readonly sftp: SftpChannel;
  readonly session: SshSession;
  readonly proxy: TcpProxy;
  /** A folder of the board, which is empty, as the board calls it and as this host does. */
  readonly there: string;
  readonly here: string;
}

const privateKey = newEd25519();
const { publicLine } = identityOf(privateKey);

async function open(t: ExecutionContext, port: number, username: string): Promise<Omit<Files, 'there' | 'here'>> {
  const proxy = await startTcpProxy(t, port);
  const session = await connect(
    { host: '127.0.0.1', port: proxy.port },
    { username, credentials: [{ kind: 'key', privateKey }], verifyHostKey: () => undefined, timeoutMs: 60_000 },
  );
  t.teardown(async () => {
    await session.close();
  });
  return { session, proxy, sftp: await session.sftp() };
}

const peers: readonly { name: string; missing?: string | undefined; start(t: ExecutionContext): Promise<Files> }[] = [
  {
    name: 'virtual board',
    start: async t => {
      const board = await startVirtualBoard({ announce: false });
      t.teardown(async () => {
        await board.close();
      });
      const home = join(board.rootDir, 'home/mendel');
      await mkdir(join(home, '.ssh'), { recursive: true });
      await writeFile(join(home, '.ssh/authorized_keys'), `${publicLine}\n`);
      await mkdir(join(home, 'test'));
      const files = await open(t, board.sshPort, 'mendel');
      return { ...files, there: '/home/mendel/test', here: join(home, 'test') };
    },
  },
  {
    name: 'OpenSSH',
    missing: sshdMissing,
    start: async t => {
      const { port, username } = await startSshd(t, publicLine);
      const folder = await tempDir(t);
      return { ...(await open(t, port, username)), there: folder, here: folder };
    },
  },
];

for (const peer of peers) {
  const test = (title: string, body: (t: ExecutionContext, files: Files) => Promise<void>): void => {
    if (peer.missing !== undefined) anyTest.skip(`${peer.name}: ${title} (skipped: ${peer.missing})`, () => undefined);
    else anyTest(`${peer.name}: ${title}`, async t => body(t, await peer.start(t)));
  };

  test('a file that is written in pieces out of order is whole, and reads back', async (t, { sftp, there, here }) => {
    const size = sftp.maxRequestBytes;
    const data = randomBytes(size * 9 + 1234);
    await using file = await sftp.open(`${there}/f`, 'write-truncate', 0o640);
    const starts = Array.from({ length: 10 }, (_, index) => index * size).reverse();
    await Promise.all(starts.map(async start => file.write(data.subarray(start, start + size), start)));
    await file.setAttributes({ modifiedAtS: 1_600_000_000, mode: 0o600 });
    t.like(await file.stat(), { type: 'file', sizeBytes: data.length, mode: 0o600, modifiedAtS: 1_600_000_000 });
    await file.close();
    t.true((await readFile(join(here, 'f'))).equals(data));
    await using again = await sftp.open(`${there}/f`, 'read');
    const pieces = await Promise.all(starts.map(async start => again.read(size, start)));
    t.true(Buffer.concat(pieces.reverse()).equals(data));
    t.is((await again.read(10, data.length)).length, 0);
    t.is((await again.read(size, data.length - 5)).length, 5);
  });

  test('requests larger than the server takes are split', async (t, { sftp, there, here }) => {
    const data = randomBytes(sftp.maxRequestBytes * 3 + 77);
    await using file = await sftp.open(`${there}/f`, 'write-new');
    await file.write(data, 0);
    t.true((await readFile(join(here, 'f'))).equals(data));
    await using again = await sftp.open(`${there}/f`, 'read');
    t.true((await again.read(data.length, 0)).equals(data));
  });

  test('the ways to open a file', async (t, { sftp, there, here }) => {
    await writeFile(join(here, 'old'), 'old content');
    await t.throwsAsync(sftp.open(`${there}/old`, 'write-new'), { instanceOf: RemoteFileError });
    for (const mode of ['read', 'write-existing'] as const) {
      await t.throwsAsync(sftp.open(`${there}/none`, mode), { instanceOf: RemoteFileError });
    }
    await using kept = await sftp.open(`${there}/old`, 'write-existing');
    await kept.write(Buffer.from('OLD'), 0);
    await kept.setAttributes({ sizeBytes: 5 });
    t.is(await readFile(join(here, 'old'), 'utf8'), 'OLD c');
    await using cut = await sftp.open(`${there}/old`, 'write-truncate');
    await cut.write(Buffer.from('new'), 0);
    t.is(await readFile(join(here, 'old'), 'utf8'), 'new');
  });

  test('what is not there is undefined for stat, and an error with status and path for the rest', async (t, files) => {
    const { sftp, there } = files;
    t.is(await sftp.stat(`${there}/none`), undefined);
    t.is(await sftp.lstat(`${there}/none`), undefined);
    const error = await t.throwsAsync(sftp.remove(`${there}/none`), { instanceOf: RemoteFileError });
    t.is(error.status, 2);
    t.is(error.facts['path'], `${there}/none`);
    t.is(error.exitCode, 5);
    await t.throwsAsync(sftp.readdir(`${there}/none`), { instanceOf: RemoteFileError });
    await t.throwsAsync(sftp.readlink(`${there}/none`), { instanceOf: RemoteFileError });
    await t.throwsAsync(sftp.rmdir(`${there}/none`), { instanceOf: RemoteFileError });
  });

  test('a folder lists its entries with their attributes, however many', async (t, { sftp, there, here }) => {
    await mkdir(join(here, 'folder'), { mode: 0o755 });
    await symlink('nowhere', join(here, 'link'));
    const names = Array.from({ length: 300 }, (_, index) => `file ${String(index)}\u00fc\n'"`);
    await Promise.all(names.map(async name => writeFile(join(here, name), name)));
    const entries = new Map((await sftp.readdir(there)).map(entry => [entry.name, entry]));
    t.deepEqual([...entries.keys()].sort(), [...names, 'folder', 'link'].sort());
    t.is(entries.get('folder')?.type, 'directory');
    t.is(entries.get('link')?.type, 'symlink');
    t.like(entries.get(names[7] ?? ''), { type: 'file', sizeBytes: Buffer.byteLength(names[7] ?? '') });
  });

  test('folders and links are made, read and removed', async (t, { sftp, there, here }) => {
    await sftp.mkdir(`${there}/a`, 0o700);
    t.is((await stat(join(here, 'a'))).mode & 0o777, 0o700);
    await sftp.mkdir(`${there}/a/b`);
    await sftp.symlink('a/b', `${there}/link`);
    t.is(await sftp.readlink(`${there}/link`), 'a/b');
    t.is((await sftp.stat(`${there}/link`))?.type, 'directory');
    t.is((await sftp.lstat(`${there}/link`))?.type, 'symlink');
    t.is(await sftp.realpath(`${there}/a/b/../.`), `${there}/a`);
    await t.throwsAsync(sftp.rmdir(`${there}/a`), { instanceOf: RemoteFileError });
    await sftp.rmdir(`${there}/a/b`);
    await sftp.remove(`${there}/link`);
    t.deepEqual(
      (await sftp.readdir(there)).map(({ name }) => name),
      ['a'],
    );
  });

  test('a rename takes the place of what is there', async (t, { sftp, there, here }) => {
    await writeFile(join(here, 'new'), 'new');
    await writeFile(join(here, 'old'), 'old');
    await sftp.rename(`${there}/new`, `${there}/old`);
    t.is(await readFile(join(here, 'old'), 'utf8'), 'new');
    t.is(await sftp.stat(`${there}/new`), undefined);
  });

  test('modes and times can be set', async (t, { sftp, there, here }) => {
    await writeFile(join(here, 'f'), 'x');
    await chmod(join(here, 'f'), 0o644);
    await sftp.setAttributes(`${there}/f`, { mode: 0o4711, modifiedAtS: 1_234_567_890 });
    t.like(await sftp.stat(`${there}/f`), { mode: 0o4711, modifiedAtS: 1_234_567_890, sizeBytes: 1 });
  });

  test('one channel is shared by all who ask', async (t, { sftp, session }) => {
    t.is(await session.sftp(), sftp);
  });

  test('a file may be closed twice', async (t, { sftp, there }) => {
    const file = await sftp.open(`${there}/f`, 'write-new');
    await file.close();
    await file.close();
    await t.throwsAsync(file.stat());
  });

  test('requests under way and later ones fail when the connection breaks', async (t, { sftp, there, proxy }) => {
    const file = await sftp.open(`${there}/f`, 'write-new');
    proxy.freeze();
    const writes = Array.from({ length: 40 }, async (_, index) => file.write(randomBytes(65_536), index * 65_536));
    const failures = Promise.allSettled(writes);
    for (const socket of proxy.sockets) socket.destroy();
    for (const result of await failures) {
      t.true(result.status === 'rejected' && result.reason instanceof TransportError);
    }
    await t.throwsAsync(file.close(), { instanceOf: TransportError });
    await t.throwsAsync(sftp.stat(there), { instanceOf: TransportError });
  });
}

for (const [name, reply] of [
  ['a packet of a kind that there is not', Buffer.of(0, 0, 0, 5, 99, 0, 0, 0, 1)],
  ['a packet without end', Buffer.of(0x7f, 0xff, 0xff, 0xff, 101)],
] as const) {
  anyTest(`${name} is a protocol error`, async t => {
    const server = await startFakeSshServer(t, {
      onSubsystem: channel => {
        // The version, then an answer to the first request.
        channel.once('data', () => {
          channel.write(Buffer.of(0, 0, 0, 5, 2, 0, 0, 0, 3));
          channel.once('data', () => channel.write(reply));
        });
      },
    });
    const session = await connect(
      { host: '127.0.0.1', port: server.port },
      {
        username: 'mendel',
        credentials: [{ kind: 'key', privateKey }],
        verifyHostKey: () => undefined,
        timeoutMs: 60_000,
      },
    );
    t.teardown(async () => {
      await session.close();
    });
    const sftp = await session.sftp();
    t.is(sftp.maxRequestBytes, 31_952);
    await t.throwsAsync(sftp.realpath('.'), { instanceOf: ProtocolError });
    await t.throwsAsync(sftp.realpath('.'), { instanceOf: ProtocolError });
  });
}

anyTest('where a rename cannot replace a file, the file is removed first', async t => {
  const calls: string[] = [];
  const server = await startFakeSshServer(t, {
    onSftp: sftp => {
      sftp.on('LSTAT', (id, path) => {
        calls.push(`lstat ${path}`);
        if (path === '/old') sftp.attrs(id, { mode: 0o100_644, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 });
        else sftp.status(id, 2);
      });
      sftp.on('REMOVE', (id, path) => {
        calls.push(`remove ${path}`);
        sftp.status(id, 0);
      });
      sftp.on('RENAME', (id, from, to) => {
        calls.push(`rename ${from} ${to}`);
        sftp.status(id, 0);
      });
    },
  });
  const session = await connect(
    { host: '127.0.0.1', port: server.port },
    {
      username: 'mendel',
      credentials: [{ kind: 'key', privateKey }],
      verifyHostKey: () => undefined,
      timeoutMs: 60_000,
    },
  );
  t.teardown(async () => {
    await session.close();
  });
  const sftp = await session.sftp();
  await sftp.rename('/new', '/old');
  await sftp.rename('/new', '/other');
  t.deepEqual(calls, ['lstat /old', 'remove /old', 'rename /new /old', 'lstat /other', 'rename /new /other']);
});

anyTest('a server without SFTP refuses it', async t => {
  const server = await startFakeSshServer(t);
  const session = await connect(
    { host: '127.0.0.1', port: server.port },
    {
      username: 'mendel',
      credentials: [{ kind: 'key', privateKey }],
      verifyHostKey: () => undefined,
      timeoutMs: 60_000,
    },
  );
  t.teardown(async () => {
    await session.close();
  });
  const error = await t.throwsAsync(session.sftp());
  t.regex(String(error), /refused to open SFTP/);
});
