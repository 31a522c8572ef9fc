import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { connect as dial, type Socket } from 'node:net';
import test from 'ava';
import type { Client, ClientChannel, SFTPWrapper } from 'ssh2';
import { until } from '../../src/time/retry.js';
import { connect, pairedBoard } from './paired-board.js';

const onLinux = process.platform === 'linux' ? test : test.skip;

async function open(port: number): Promise<Socket> {
  const socket = dial(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

test('what is no SSH ends its own connection, and no other', async t => {
  const { board, run } = await pairedBoard(t);
  const hostile = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    randomBytes(4096),
    Buffer.from('SSH-1.5-old\r\n'),
    Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), randomBytes(4096)]),
    Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.from('ffffffff00000000', 'hex')]),
    Buffer.from(`SSH-2.0-${'x'.repeat(100_000)}`),
  ];
  for (const bytes of hostile) {
    const socket = await open(board.sshPort);
    socket.resume();
    const closed = new Promise(resolve => socket.once('close', resolve));
    socket.end(bytes);
    await closed;
  }
  t.is((await run('echo fine')).stdout, 'fine\n');
});

test('connections that are reset at any moment leave the board as it was', async t => {
  const { board, privateKey, run } = await pairedBoard(t);
  (await open(board.sshPort)).resetAndDestroy();
  for (const command of ['cat /dev/zero', 'cat', 'tar -cf - -C / . | cat', 'sleep 60', 'while true; do :; done']) {
    const client = await connect(board, privateKey);
    const started = new Promise(resolve => client.exec(command, { pty: command === 'cat' }, resolve));
    await started;
    client.destroy();
  }
  const client = await connect(board, privateKey);
  await new Promise(resolve => client.sftp(resolve));
  client.destroy();
  (await open(board.keymasterPort)).resetAndDestroy();
  t.is((await run('echo fine')).stdout, 'fine\n');
});

onLinux('a connection that is cut while the board is sending leaves no file open there', async t => {
  const { board, path, privateKey, run } = await pairedBoard(t);
  await run('head -c 9000000 /dev/zero > data');
  for (const start of [startCommand, startSftp]) {
    const client = await connect(board, privateKey);
    await start(client);
    await untilOpen(path('/home/mendel/data'), true);
    client.destroy();
    await untilOpen(path('/home/mendel/data'), false);
  }
  t.pass();
});

/** A command that sends more than the client reads. */
async function startCommand(client: Client): Promise<void> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec('cat data', (error, started) => {
      if (error) reject(error);
      else resolve(started);
    });
  });
  channel.pause();
}

/** Reads of more than the client takes, unless it is gone before. */
async function startSftp(client: Client): Promise<void> {
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.sftp((error, started) => {
      if (error) reject(error);
      else resolve(started);
    });
  });
  const handle = await new Promise<Buffer>((resolve, reject) => {
    sftp.open('data', 'r', (error, opened) => {
      if (error) reject(error);
      else resolve(opened);
    });
  });
  for (let position = 0; position < 9_000_000; position += 200_000) {
    sftp.read(handle, Buffer.alloc(200_000), 0, 200_000, position, () => undefined);
  }
  // The board's answers stay in the window of the channel.
  (client as unknown as { _sock: Socket })._sock.pause();
}

async function untilOpen(file: string, isOpen: boolean): Promise<void> {
  await until({ intervalMs: 10, signal: AbortSignal.timeout(60_000) }, async () => {
    const links = (await readdir('/proc/self/fd')).map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
    return (await Promise.all(links)).includes(file) === isOpen || undefined;
  });
}

test('many channels at once are served', async t => {
  const { run } = await pairedBoard(t);
  const results = await Promise.all(Array.from({ length: 50 }, (_, index) => run(`echo ${String(index)}; cat`, 'in')));
  t.deepEqual(
    results.map(({ stdout }) => stdout),
    Array.from({ length: 50 }, (_, index) => `${String(index)}\nin`),
  );
});

test('a client that does not read stops the program, and the board holds no more than a window of it', async t => {
  const { exec, run } = await pairedBoard(t);
  const before = heldBytes();
  const channel = await exec('cat /dev/zero');
  channel.pause();
  await run('for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.02; done');
  t.true(heldBytes() - before < 100_000_000);
  channel.close();
});

/** What this thread holds; the process has others, with other tests. */
function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
