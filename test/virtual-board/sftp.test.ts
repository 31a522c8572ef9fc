import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import test from 'ava';
import type { ClientChannel, FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';
import { pairedBoard, type PairedBoard } from './paired-board.js';

const onUnix = process.platform === 'win32' ? test.skip : test;

/** The requests that the tests make, as promises. */
function requests(sftp: SFTPWrapper): {
  open: (path: string, flags: string, mode?: number) => Promise<Buffer>;
  close: (handle: Buffer) => Promise<void>;
  write: (handle: Buffer, data: Buffer, position: number) => Promise<void>;
  read: (handle: Buffer, length: number, position: number) => Promise<Buffer>;
  call: <T = void>(name: string, ...args: unknown[]) => Promise<T>;
} {
  const methods = sftp as unknown as Record<string, (...words: unknown[]) => void>;
  const call = <T>(name: string, ...args: unknown[]): Promise<T> =>
    new Promise((resolve, reject) => {
      methods[name]?.(...args, (error: Error | null | undefined, result: T) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  return {
    call,
    open: (path, flags, mode) => call('open', path, flags, mode ?? 0o644),
    close: handle => call('close', handle),
    write: (handle, data, position) => call('write', handle, data, 0, data.length, position),
    read: (handle, length, position) =>
      new Promise((resolve, reject) => {
        sftp.read(handle, Buffer.alloc(length), 0, length, position, (error, bytes, data) => {
          if (error) reject(error);
          else resolve(data.subarray(0, bytes));
        });
      }),
  };
}

async function open(t: Parameters<typeof pairedBoard>[0]): Promise<PairedBoard & ReturnType<typeof requests>> {
  const paired = await pairedBoard(t);
  return { ...paired, ...requests(await paired.sftp()) };
}

test('files are written, read, changed and looked at by handle and by name', async t => {
  const { call, close, open: openFile, path, read, write } = await open(t);
  const handle = await openFile('data', 'w', 0o640);
  await write(handle, Buffer.from('hello world'), 0);
  await write(handle, Buffer.from('W'), 6);
  await call('futimes', handle, 1_000_000_000, 1_000_000_001);
  t.is((await call<Stats>('fstat', handle)).size, 11);
  await close(handle);
  t.is((await readFile(path('/home/mendel/data'))).toString(), 'hello World');
  const stats = await call<Stats>('stat', '/home/mendel/data');
  t.like(stats, { size: 11, mtime: 1_000_000_001, uid: 1000, gid: 1000 });
  await call('chmod', 'data', 0o600);
  await call('setstat', 'data', { size: 5 });
  const again = await openFile('data', 'r');
  t.is((await read(again, 100, 1)).toString(), 'ello');
  t.is((await read(again, 100, 5)).length, 0);
  await close(again);
  if (process.platform !== 'win32') t.is((await stat(path('/home/mendel/data'))).mode & 0o777, 0o600);
});

test('a read gives at most 64 KiB, as the OpenSSH of a board', async t => {
  const { call, close, open: openFile, read } = await open(t);
  await call('writeFile', 'big', Buffer.alloc(300_000, 'x'));
  const handle = await openFile('big', 'r');
  const [first] = await Promise.all([read(handle, 60_000, 0), read(handle, 60_000, 60_000)]);
  t.is(first.length, 60_000);
  await close(handle);
  t.is((await call<Buffer>('readFile', 'big')).length, 300_000);
});

test('open obeys its flags', async t => {
  const { call, close, open: openFile, write } = await open(t);
  await call('writeFile', 'f', 'content');
  await t.throwsAsync(openFile('f', 'wx'), { message: 'Failure' });
  await t.throwsAsync(openFile('missing', 'r'), { message: 'No such file' });
  await t.throwsAsync(openFile('/etc/hostname', 'r+'), { message: 'Permission denied' });
  await t.throwsAsync(openFile('/tmp', 'w'), { message: 'Failure' });
  const handle = await openFile('f', 'a');
  await write(handle, Buffer.from('+more'), 0);
  await close(handle);
  t.is((await call<Buffer>('readFile', 'f')).toString(), 'content+more');
  await t.throwsAsync(close(handle), { message: 'No such file' });
});

test('folders are made, listed in parts and removed', async t => {
  const { call } = await open(t);
  await call('mkdir', 'many');
  for (let index = 0; index < 250; index++) await call('writeFile', `many/file-${String(index)}`, '');
  const list = await call<FileEntryWithStats[]>('readdir', 'many');
  t.is(list.length, 250);
  t.regex(list.find(({ filename }) => filename === 'file-7')?.longname ?? '', /^-rw.* mendel mendel +0 .* file-7$/);
  await t.throwsAsync(call('rmdir', 'many'), { message: 'Failure' });
  await t.throwsAsync(call('mkdir', 'many'), { message: 'Failure' });
  await call('mkdir', 'empty');
  await call('rmdir', 'empty');
  await t.throwsAsync(call('readdir', 'empty'), { message: 'No such file' });
  await t.throwsAsync(call('unlink', 'many'), { message: 'Failure' });
});

test('rename leaves what is there alone, and the one of OpenSSH replaces it', async t => {
  const { call } = await open(t);
  await call('writeFile', 'a', 'a');
  await call('writeFile', 'b', 'b');
  await t.throwsAsync(call('rename', 'a', 'b'), { message: 'Failure' });
  await call('ext_openssh_rename', 'a', 'b');
  t.is((await call<Buffer>('readFile', 'b')).toString(), 'a');
  await call('rename', 'b', 'c');
  await call('ext_openssh_hardlink', 'c', 'd');
  await call('writeFile', 'c', 'changed');
  t.is((await call<Buffer>('readFile', 'd')).toString(), 'changed');
});

test('names are as the board has them: realpath, odd names, disk', async t => {
  const { call } = await open(t);
  t.is(await call<string>('realpath', '.'), '/home/mendel');
  t.is(await call<string>('realpath', 'a/../../x'), '/home/x');
  if (process.platform !== 'win32') {
    const name = 'new\nline "quote" \u{1f600} \\';
    await call('writeFile', name, '');
    t.true((await call<FileEntryWithStats[]>('readdir', '.')).some(({ filename }) => filename === name));
  }
  const disk = await call<{ f_bsize: number; f_blocks: number }>('ext_openssh_statvfs', '/home');
  t.is(disk.f_bsize * disk.f_blocks, 2 * 1024 ** 3);
});

onUnix('symlinks are made as OpenSSH orders their names, and lead nowhere outside', async t => {
  const { call, path } = await open(t);
  await call('writeFile', 'target', 'inside');
  await call('symlink', 'target', 'link');
  t.is(await call<string>('readlink', 'link'), 'target');
  t.true((await call<Stats>('lstat', 'link')).isSymbolicLink());
  t.true((await call<Stats>('stat', 'link')).isFile());
  await call('symlink', path('/etc/hostname'), 'out');
  await t.throwsAsync(call('readFile', 'out'), { message: 'No such file' });
  await t.throwsAsync(call('readFile', '../../../../../../../etc/passwd/x'), { message: 'No such file' });
  t.regex((await call<Buffer>('readFile', '../../../../../../../etc/passwd')).toString(), /^mendel:/m);
});

test('what is no SFTP ends the channel, and the connection goes on', async t => {
  const { client, run } = await pairedBoard(t);
  const start = (): Promise<ClientChannel> =>
    new Promise((resolve, reject) => {
      client.subsys('sftp', (error, channel) => {
        if (error) reject(error);
        else resolve(channel);
      });
    });
  const hostile = [
    Buffer.from('ffffffff', 'hex'),
    Buffer.from('00000000', 'hex'),
    Buffer.from('00000005010000', 'hex'),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  ];
  for (const bytes of hostile) {
    const channel = await start();
    channel.resume();
    channel.end(bytes);
    await once(channel, 'close');
  }
  t.is((await run('echo fine')).stdout, 'fine\n');
});

test('a request that is cut short or unknown is answered with its status', async t => {
  const { client } = await pairedBoard(t);
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.subsys('sftp', (error, opened) => {
      if (error) reject(error);
      else resolve(opened);
    });
  });
  const answers: string[] = [];
  const status = once(channel, 'exit');
  channel.on('data', (data: Buffer) => answers.push(data.toString('latin1')));
  // INIT; STAT whose name is longer than the packet; a type that does not exist.
  channel.write(Buffer.from('000000050100000003', 'hex'));
  channel.write(Buffer.from('00000009110000000100001000', 'hex'));
  channel.end(Buffer.from('000000054200000002', 'hex'));
  await once(channel, 'close');
  t.deepEqual(await status, [0]);
  const all = answers.join('');
  t.regex(all, /posix-rename@openssh\.com/);
  t.regex(all, /Bad message.*Operation unsupported/s);
});
