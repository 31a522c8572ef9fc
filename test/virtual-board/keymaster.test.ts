import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  startVirtualBoard,
  type VirtualBoard,
  type VirtualBoardOptions,
} from '../../src/virtual-board/virtual-board.js';
import { refused } from '../fixtures/refused.js';
import { pairedBoard } from './paired-board.js';

const KEY = 'ssh-rsa AAAAB3NzaC1yc2E= mdt';

async function startBoard(t: ExecutionContext, options: VirtualBoardOptions = {}): Promise<VirtualBoard> {
  const board = await startVirtualBoard({ announce: false, rebootMs: 20, ...options });
  t.teardown(() => board.close());
  return board;
}

/** Status and reason of the answer, or the code of the error. */
async function put(board: VirtualBoard, body: string, method = 'PUT'): Promise<string> {
  const call = request({ host: board.address, port: board.keymasterPort, method, agent: false });
  call.setHeader('content-length', Buffer.byteLength(body));
  const answer = new Promise<string>(resolve => {
    call.once('error', error => {
      resolve('code' in error ? String(error.code) : error.message);
    });
    call.once('response', response => {
      response.resume();
      resolve(`${String(response.statusCode)} ${response.statusMessage ?? ''}`);
    });
  });
  call.end(body);
  return answer;
}

test('Eagle takes one RSA key with the comment mdt, and is gone then', async t => {
  const board = await startBoard(t);
  t.is(await put(board, 'ssh-ed25519 AAAA mdt\n'), '400 Invalid key');
  t.is(await put(board, 'ssh-rsa AAAA other\n'), '400 Invalid key');
  t.is(await put(board, 'nonsense'), '400 Invalid key');
  t.is(await put(board, `${KEY}\n`), '200 Ok');
  t.deepEqual(await board.authorizedKeys(), [KEY]);
  await t.notThrowsAsync(refused(board.keymasterPort, board.address));
});

test('what was sent is appended exactly, so a missing line end joins the next key', async t => {
  const board = await startBoard(t);
  await board.setAuthorizedKeys(['ssh-ed25519 AAAA somebody']);
  t.is(await put(board, KEY), '200 Ok');
  const text = await readFile(join(board.rootDir, 'home/mendel/.ssh/authorized_keys'), 'utf8');
  t.is(text, `ssh-ed25519 AAAA somebody\n${KEY}`);
});

test('it is back when the mdt keys are taken out of authorized_keys, on the same port', async t => {
  const board = await startBoard(t);
  const port = board.keymasterPort;
  await put(board, `${KEY}\n`);
  await board.setAuthorizedKeys([]);
  t.is(board.keymasterPort, port);
  t.is(await put(board, `${KEY}\n`), '200 Ok');
});

test('commands on the board that change authorized_keys start and end it too', async t => {
  const { board, run } = await pairedBoard(t);
  const becomes = (state: string): Promise<unknown> =>
    run(`until [ "$(systemctl is-active mdt-keymaster)" = ${state} ]; do sleep 0.01; done`);
  await becomes('active');
  t.is((await run(`echo '${KEY}' >> ~/.ssh/authorized_keys`)).code, 0);
  await becomes('inactive');
  await t.notThrowsAsync(refused(board.keymasterPort, board.address));
  t.is((await run("grep -v ' mdt$' ~/.ssh/authorized_keys > k; mv k ~/.ssh/authorized_keys")).code, 0);
  t.is((await run('sudo systemctl restart mdt-keymaster')).code, 0);
  t.is(await put(board, 'x'), '400 Invalid key');
});

test('a board that has an mdt key does not start it', async t => {
  const board = await startBoard(t);
  await board.setAuthorizedKeys([KEY]);
  await board.reboot();
  await t.notThrowsAsync(refused(board.keymasterPort, board.address));
});

test('Day takes any body, and Chef too, which does not come back by itself', async t => {
  for (const release of ['day', 'chef'] as const) {
    const board = await startBoard(t, { release });
    t.is(await put(board, 'ssh-ed25519 AAAA any\n'), '200 Ok', release);
    t.deepEqual(await board.authorizedKeys(), ['ssh-ed25519 AAAA any']);
    await board.setAuthorizedKeys([]);
    if (release === 'chef') await t.notThrowsAsync(refused(board.keymasterPort, board.address));
    else t.is(await put(board, 'x\n'), '200 Ok');
  }
});

test('the body exit ends it without a key', async t => {
  const board = await startBoard(t);
  t.is(await put(board, 'exit'), '200 Ok');
  t.deepEqual(await board.authorizedKeys(), []);
  await t.notThrowsAsync(refused(board.keymasterPort, board.address));
});

test('other methods and bodies without end are refused', async t => {
  const board = await startBoard(t);
  t.is(await put(board, '', 'GET'), '501 Unsupported method');
  t.regex(await put(board, 'x'.repeat(1_000_000)), /^413 |ECONNRESET|EPIPE/);
  t.is(await put(board, `${KEY}\n`), '200 Ok');
});

test('faults of its own: 400, 500 and no answer', async t => {
  const board = await startBoard(t, { faults: { refuse: ['keymaster-400'] } });
  t.is(await put(board, KEY), '400 Invalid key');
  board.faults = { refuse: ['keymaster-500'] };
  t.is(await put(board, KEY), '500 Internal Server Error');
  board.faults = { refuse: ['keymaster-silent'] };
  const socket = connect(board.keymasterPort, board.address);
  await once(socket, 'connect');
  // Closed or reset, whichever the board does first.
  socket.on('error', () => undefined);
  const silence = new Promise(resolve => socket.once('close', resolve));
  let heard = '';
  socket.on('data', (data: Buffer) => (heard += data.toString()));
  socket.write(`PUT / HTTP/1.0\r\nContent-Length: ${String(KEY.length)}\r\n\r\n${KEY}`);
  await board.close();
  await silence;
  t.is(heard, '');
});
