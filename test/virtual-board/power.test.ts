import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { sameHostKey } from '../../src/keys/host-key.js';
import { startVirtualBoard } from '../../src/virtual-board/virtual-board.js';
import { closing } from '../fixtures/closing.js';
import { refused } from '../fixtures/refused.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { powerBecomes } from './bootloader/loader-desk.js';
import { connect, pairedBoard } from './paired-board.js';

test('a reboot drops connections, ends what runs, and brings the board back on the same ports', async t => {
  const { board, client, exec, privateKey, run } = await pairedBoard(t);
  const ports = [board.sshPort, board.keymasterPort];
  const before = (await run('cat /proc/sys/kernel/random/boot_id')).stdout;
  await run('echo kept > file; nohup sleep 60 > /dev/null 2>&1 &');
  await exec('sleep 60');
  const dropped = closing(client);
  const back = board.reboot();
  await dropped;
  await back;
  t.is(board.power, 'running');
  t.deepEqual([board.sshPort, board.keymasterPort], ports);
  const again = await connect(board, privateKey);
  t.teardown(() => again.destroy());
  const after = await new Promise<string>((resolve, reject) => {
    again.exec('cat file /proc/sys/kernel/random/boot_id', (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      let text = '';
      channel.on('data', (data: Buffer) => (text += data.toString()));
      channel.once('close', () => {
        resolve(text);
      });
    });
  });
  t.true(after.startsWith('kept\n'));
  t.not(after, `kept\n${before}`);
});

test('sudo reboot on the board does the same, after the command has ended', async t => {
  const { board, client, privateKey, run } = await pairedBoard(t);
  const dropped = closing(client);
  t.is((await run('sudo reboot')).code, 0);
  await dropped;
  // A second request joins the one that is under way.
  await board.reboot();
  (await connect(board, privateKey)).destroy();
  t.is(board.power, 'running');
});

test('the bootloader keeps the board away until it is switched off and on', async t => {
  const { board, client, privateKey, run } = await pairedBoard(t);
  const dropped = closing(client);
  await run('sudo reboot-bootloader');
  await dropped;
  await powerBecomes(board, 'bootloader');
  await t.notThrowsAsync(refused(board.sshPort, board.address));
  await board.powerCycle();
  t.is(board.power, 'running');
  (await connect(board, privateKey)).destroy();
});

test('a reflash makes a new host key and forgets everything', async t => {
  const { board, run } = await pairedBoard(t);
  await run('echo x > file');
  const { hostKey, name, sshPort } = board;
  await board.reflash();
  t.false(sameHostKey(hostKey, board.hostKey));
  t.deepEqual([board.name, board.sshPort], [name, sshPort]);
  t.deepEqual(await board.authorizedKeys(), []);
  await t.throwsAsync(access(join(board.rootDir, 'home/mendel/file')));
});

test('a folder that is given is kept, and with it name and host key; one of its own is removed', async t => {
  const rootDir = join(await tempDir(t), 'board');
  const first = await startVirtualBoard({ announce: false, rootDir, name: 'quiet-pear' });
  await writeFile(join(rootDir, 'home/mendel/file'), 'kept');
  await first.close();
  await using second = await startVirtualBoard({ announce: false, rootDir });
  t.is(second.name, 'quiet-pear');
  t.true(sameHostKey(first.hostKey, second.hostKey));
  t.is((await readFile(join(rootDir, 'home/mendel/file'))).toString(), 'kept');
  const own = await startVirtualBoard({ announce: false });
  await own.close();
  await own.close();
  await t.throwsAsync(access(own.rootDir));
  t.is(own.power, 'off');
});

test('closing a board that reboots ends it', async t => {
  const board = await startVirtualBoard({ announce: false, rebootMs: 60_000 });
  const rebooting = board.reboot();
  await board.close();
  await rebooting;
  t.is(board.power, 'off');
  await t.notThrowsAsync(refused(board.sshPort, board.address));
});

test('a name that no host can have, and a port that is taken, are errors that leave nothing behind', async t => {
  for (const name of ['', 'a b', '-x', 'a.b', 'x'.repeat(64), 'a/b']) {
    await t.throwsAsync(startVirtualBoard({ announce: false, name }), { code: 'USAGE' }, name);
  }
  await using board = await startVirtualBoard({ announce: false });
  await t.throwsAsync(startVirtualBoard({ announce: false, sshPort: board.sshPort }), { code: 'EADDRINUSE' });
  await t.throwsAsync(startVirtualBoard({ announce: false, keymasterPort: board.keymasterPort }), {
    code: 'EADDRINUSE',
  });
});

test('each release tells its own version', async t => {
  for (const [release, version, title] of [
    ['eagle', '5.3', '5 (Eagle)'],
    ['day', '4.0', '4 (Day)'],
    ['chef', '3.0', '3 (Chef)'],
  ] as const) {
    await using board = await startVirtualBoard({ announce: false, release });
    t.is((await readFile(join(board.rootDir, 'etc/mendel_version'))).toString(), `${version}\n`);
    t.true((await readFile(join(board.rootDir, 'etc/os-release'))).toString().includes(`Mendel GNU/Linux ${title}`));
  }
});
