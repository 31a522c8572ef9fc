import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { FAULT_EXAMPLES, mergeFaults, parseFault } from '../../src/virtual-board/faults.js';
import { startVirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { closing } from '../fixtures/closing.js';
import { knock, refused } from '../fixtures/refused.js';
import { connect, pairedBoard } from './paired-board.js';

test('faults are read as they are written on a command line', t => {
  t.deepEqual(parseFault('slow=64k'), { slowBytesPerS: 65_536 });
  t.deepEqual(parseFault('drop-after=1M'), { dropAfterBytes: 1_048_576 });
  t.deepEqual(parseFault('stall-after=1000'), { stallAfterBytes: 1000 });
  t.deepEqual(parseFault('disk-size=1.5G'), { diskSizeBytes: 1_610_612_736 });
  t.deepEqual(parseFault('read-only'), { readOnly: true });
  t.deepEqual(parseFault('refuse=keymaster-400'), { refuse: ['keymaster-400'] });
  for (const example of FAULT_EXAMPLES) t.notThrows(() => parseFault(example), example);
  for (const wrong of [
    '',
    'slow',
    'slow=',
    'slow=0',
    'slow=-1',
    'slow=64q',
    'refuse=all',
    'read-only=1',
    '__proto__=1',
  ]) {
    t.throws(() => parseFault(wrong), { code: 'USAGE' }, wrong);
  }
});

test('whatever is written, it is a fault or an error of usage', t => {
  fc.assert(
    fc.property(fc.string(), text => {
      try {
        parseFault(text);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'USAGE')) throw error;
      }
    }),
  );
  t.pass();
});

test('several faults add up', t => {
  const merged = mergeFaults([parseFault('slow=1k'), parseFault('refuse=auth'), parseFault('refuse=connect')]);
  t.deepEqual(merged, { slowBytesPerS: 1024, refuse: ['auth', 'connect'] });
  t.deepEqual(mergeFaults([]), {});
});

test('a slow board takes its time in both directions', async t => {
  const { board, privateKey, run } = await pairedBoard(t);
  await run('head -c 100000 /dev/zero > f');
  board.faults = { slowBytesPerS: 200_000 };
  const client = await connect(board, privateKey);
  t.teardown(() => client.destroy());
  const startedAt = performance.now();
  const bytes = await new Promise<number>((resolve, reject) => {
    client.exec('cat f', (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      let count = 0;
      channel.on('data', (data: Buffer) => (count += data.length));
      channel.once('close', () => {
        resolve(count);
      });
    });
  });
  t.is(bytes, 100_000);
  // A lower bound only, with room for timers that fire early.
  t.true(performance.now() - startedAt > 450);
});

test('what passes a slow connection stays in its order, both ways', async t => {
  const { board, privateKey } = await pairedBoard(t);
  board.faults = { slowBytesPerS: 1_500_000 };
  const client = await connect(board, privateKey);
  t.teardown(() => client.destroy());
  const data = randomBytes(600_000);
  const back = await new Promise<Buffer>((resolve, reject) => {
    client.exec('cat', (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      const chunks: Buffer[] = [];
      channel.on('data', (chunk: Buffer) => chunks.push(chunk));
      channel.once('close', () => {
        resolve(Buffer.concat(chunks));
      });
      channel.end(data);
    });
  });
  t.true(back.equals(data));
});

test('a connection breaks after so many bytes', async t => {
  const { board, privateKey } = await pairedBoard(t);
  board.faults = { dropAfterBytes: 50_000 };
  const client = await connect(board, privateKey);
  // How the break shows, as a reset or as an end, is up to the system; that it comes is what counts.
  client.on('error', () => undefined);
  const closed = new Promise<boolean>(resolve => {
    client.once('close', () => {
      resolve(true);
    });
  });
  client.exec('cat /dev/zero', (_error, channel) => channel.resume());
  t.true(await closed);
});

test('a connection falls silent after so many bytes and stays open', async t => {
  const { board } = await pairedBoard(t);
  board.faults = { stallAfterBytes: 10 };
  const socket = dial(board.sshPort, board.address);
  let heard = '';
  socket.on('data', (data: Buffer) => (heard += data.toString()));
  while (heard.length < 10) await once(socket, 'data');
  // Nothing else comes: the board's own end is the next thing that happens.
  const closed = closing(socket);
  await board.close();
  await closed;
  t.is(heard, 'SSH-2.0-Op');
});

test('a full disk takes what there is room for, and again when there is room', async t => {
  const { board, run } = await pairedBoard(t);
  board.faults = { diskSizeBytes: 200_000 };
  const full = await run('head -c 300000 /dev/zero > big; echo $?; df -Pk /home | tail -n 1');
  t.regex(full.stderr, /No space left on device/);
  t.regex(full.stdout, /^1\n.* (?:9\d|100)% \/home\n$/);
  t.regex((await run('echo more > other')).stderr, /No space left|^$/);
  t.is((await run('rm big; head -c 50000 /dev/zero > small; wc -c < small')).stdout, '50000\n');
  board.faults = {};
  t.is((await run('head -c 300000 /dev/zero > big; wc -c < big')).stdout, '300000\n');
});

test('a read-only board changes nothing', async t => {
  const { board, run, sftp } = await pairedBoard(t);
  await run('echo x > f');
  board.faults = { readOnly: true };
  for (const command of ['echo y > f', 'rm f', 'mkdir d', 'mv f g', 'chmod 600 f', 'ln -s f l', 'sudo touch /etc/x']) {
    t.regex((await run(command)).stderr, /Read-only file system/, command);
  }
  const channel = await sftp();
  const error = await new Promise<Error | null | undefined>(resolve => {
    channel.writeFile('f', 'y', failure => {
      resolve(failure);
    });
  });
  t.is(error?.message, 'Failure');
  t.is((await run('cat f; ls')).stdout, 'x\nf\n');
});

test('logins are refused on request', async t => {
  const { board, privateKey } = await pairedBoard(t);
  board.faults = { refuse: ['auth'] };
  await t.throwsAsync(connect(board, privateKey), { message: /authentication methods failed/ });
  board.faults = {};
  (await connect(board, privateKey)).destroy();
});

test('connections are refused on request, from the start or while the board runs', async t => {
  await using board = await startVirtualBoard({ announce: false, sshPort: 0, faults: { refuse: ['connect'] } });
  const port = board.sshPort;
  t.true(port > 0);
  await t.notThrowsAsync(refused(board.sshPort, board.address));
  board.faults = {};
  while ((await knock(board.sshPort, board.address)) !== 'open');
  board.faults = { refuse: ['connect'] };
  await t.notThrowsAsync(refused(board.sshPort, board.address));
  board.faults = {};
  while ((await knock(board.sshPort, board.address)) !== 'open');
  t.is(board.sshPort, port);
});
