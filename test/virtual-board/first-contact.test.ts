import { request } from 'node:http';
import test from 'ava';
import ssh2 from 'ssh2';
import { startVirtualBoard, type VirtualBoard } from '../../src/virtual-board/virtual-board.js';

async function put(board: VirtualBoard, body: string): Promise<number | string> {
  return new Promise(resolve => {
    const call = request({ host: board.address, port: board.keymasterPort, method: 'PUT' }, response => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.on('error', error => resolve((error as NodeJS.ErrnoException).code ?? ''));
    call.setHeader('content-length', Buffer.byteLength(body));
    call.end(body);
  });
}

test('a key given to the keymaster opens the board, and the keymaster is gone afterwards', async t => {
  await using board = await startVirtualBoard({ announce: false });
  const pair = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048, comment: 'mdt' });
  t.is(await put(board, 'ssh-rsa nonsense'), 400);
  t.is(await put(board, `${pair.public}\n`), 200);
  t.is(await put(board, `${pair.public}\n`), 'ECONNREFUSED');
  const client = new ssh2.Client();
  const output = await new Promise<string>((resolve, reject) => {
    client.on('error', reject).on('ready', () => {
      client.exec('hostname', (error, channel) => {
        if (error) return reject(error);
        let text = '';
        channel.on('data', (data: Buffer) => (text += data.toString()));
        channel.on('close', () => resolve(text));
      });
    });
    client.connect({ host: board.address, port: board.sshPort, username: 'mendel', privateKey: pair.private });
  });
  const names = await new Promise<string[]>((resolve, reject) => {
    client.sftp((error, sftp) => {
      if (error) return reject(error);
      sftp.readdir('/', (failure, list) => (failure ? reject(failure) : resolve(list.map(entry => entry.filename))));
    });
  });
  client.end();
  t.is(output, `${board.name}\n`);
  t.true(names.includes('etc'));
});

test('a login with an unknown key or a password is refused, and only public keys are offered', async t => {
  await using board = await startVirtualBoard({ announce: false });
  const client = new ssh2.Client();
  const pair = ssh2.utils.generateKeyPairSync('ed25519');
  const tried: unknown[] = [];
  const message = await new Promise<string>(resolve => {
    client.on('error', error => resolve(error.message)).on('ready', () => resolve('in'));
    client.connect({
      host: board.address,
      port: board.sshPort,
      username: 'mendel',
      authHandler: (methods, _partial, next) => {
        tried.push(methods);
        const steps = [
          { type: 'publickey', username: 'mendel', key: pair.private },
          { type: 'password', username: 'mendel', password: 'mendel' },
        ] as const;
        next((steps[tried.length - 1] ?? false) as never);
      },
    });
  });
  t.is(message, 'All configured authentication methods failed');
  t.deepEqual(tried, [null, ['publickey'], ['publickey']]);
});
