// From Mendel into fastboot and back, and what a system that was flashed comes up as.
import { randomBytes } from 'node:crypto';
import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { sameHostKey } from '../../../src/keys/host-key.js';
import { startVirtualBoard } from '../../../src/virtual-board/virtual-board.js';
import { bytesImage } from '../../fakes/fastboot/bytes-image.js';
import { closing } from '../../fixtures/closing.js';
import { tempDir } from '../../fixtures/temp-dir.js';
import { pairedBoard } from '../paired-board.js';
import { boardWithLoader, fastbootOf, MIB, powerBecomes, restarted, SMALL, userArea } from './loader-desk.js';

test('reboot-bootloader on the board ends in fastboot, fastboot reboot in Mendel, the request is used up', async t => {
  const { board, client, run } = await pairedBoard(t, { bootloader: SMALL });
  const dropped = closing(client);
  t.is((await run('sudo reboot-bootloader')).code, 0);
  await dropped;
  await powerBecomes(board, 'bootloader');
  await using fastboot = await fastbootOf(board);
  t.is(await fastboot.getvar('product'), 'phanbell');
  await fastboot.reboot();
  await powerBecomes(board, 'running');
  await board.reboot();
  t.is(board.power, 'running');
});

test('reboot-bootloader and continue of fastboot', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  t.is(board.power, 'bootloader');
  {
    await using fastboot = await fastbootOf(board);
    await fastboot.flash({ partition: 'boot', image: bytesImage(randomBytes(512)) });
    await fastboot.flash({ partition: 'rootfs', image: bytesImage(randomBytes(512)) });
    await fastboot.rebootBootloader();
  }
  await restarted(board);
  await using fastboot = await fastbootOf(board, 'udp');
  await fastboot.continueBoot();
  await powerBecomes(board, 'running');
});

test('a flashed system has a new host key and none of the old files, but those in its home partition', async t => {
  const { board, run } = await pairedBoard(t, { bootloader: SMALL });
  const { hostKey } = board;
  await run('echo x > file; echo y | sudo tee /etc/file');
  const keys = await board.authorizedKeys();
  await run('sudo reboot-bootloader');
  await powerBecomes(board, 'bootloader');
  {
    await using fastboot = await fastbootOf(board);
    await fastboot.flash({ partition: 'rootfs', image: bytesImage(Buffer.from('mdt-virtual-image release=day\n')) });
    await fastboot.reboot();
  }
  await powerBecomes(board, 'running');
  t.false(sameHostKey(hostKey, board.hostKey));
  t.is((await readFile(join(board.rootDir, 'etc/mendel_version'))).toString(), '4.0\n');
  await t.throwsAsync(access(join(board.rootDir, 'etc/file')));
  t.is((await readFile(join(board.rootDir, 'home/mendel/file'))).toString(), 'x\n');
  t.deepEqual(await board.authorizedKeys(), keys);
});

test('where home was written too, or has no partition, nothing is left', async t => {
  const noHome = {
    ...SMALL,
    layout: [{ name: 'boot', sizeBytes: MIB }, { name: 'misc', sizeBytes: 4096 }, { name: 'rootfs' }],
  };
  for (const bootloader of [SMALL, noHome]) {
    const { board, run } = await pairedBoard(t, { bootloader });
    await run('echo x > file; sudo reboot-bootloader');
    await powerBecomes(board, 'bootloader');
    {
      await using fastboot = await fastbootOf(board);
      await fastboot.flash({ partition: 'rootfs', image: bytesImage(randomBytes(1024)) });
      if (bootloader === SMALL) await fastboot.erase('home');
      await fastboot.reboot();
    }
    await powerBecomes(board, 'running');
    t.deepEqual(await board.authorizedKeys(), []);
    await t.throwsAsync(access(join(board.rootDir, 'home/mendel/file')));
    t.is((await readFile(join(board.rootDir, 'etc/mendel_version'))).toString(), '5.3\n');
  }
});

test('an erased system does not boot, and a board that is kept remembers what was flashed', async t => {
  const rootDir = join(await tempDir(t), 'board');
  const options = { announce: false, rootDir, rebootMs: 20, bootloader: SMALL };
  {
    await using board = await startVirtualBoard(options);
    await writeFile(join(rootDir, 'etc/file'), 'old');
    await board.setAuthorizedKeys(['ssh-rsa AAAA mdt']);
    await board.reboot('bootloader');
    await using client = await fastbootOf(board);
    await client.erase('rootfs');
    await client.erase('home');
    await client.reboot();
    await restarted(board);
  }
  await using board = await startVirtualBoard(options);
  t.is(board.power, 'bootloader');
  await using client = await fastbootOf(board);
  await client.flash({ partition: 'rootfs', image: bytesImage(randomBytes(512)) });
  await client.reboot();
  await powerBecomes(board, 'running');
  t.deepEqual(await board.authorizedKeys(), []);
  await t.throwsAsync(access(join(rootDir, 'etc/file')));
});

test('reflash takes a board out of its bootloader', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  await board.reflash();
  t.is(board.power, 'running');
});

test('the eMMC is a file full of holes that goes with a temporary board', async t => {
  const board = await startVirtualBoard({ announce: false, bootloader: { autobootMs: 0 } });
  const path = board.emmc?.user ?? '';
  const { size, blocks } = await stat(path);
  t.is(size, 7_818_182_656);
  t.true(blocks * 512 < 16 * MIB);
  t.is((await userArea(await boardWithLoader(t))).length, 16 * MIB);
  await board.close();
  await t.throwsAsync(stat(path), { code: 'ENOENT' });
});

test('without a bootloader there is nothing of it', async t => {
  await using board = await startVirtualBoard({ announce: false });
  t.deepEqual([board.fastbootPort, board.fastbootUdpPort, board.emmc], [undefined, undefined, undefined]);
  await t.throwsAsync(access(`${board.rootDir}.emmc`));
});

test('sizes, layouts and ports that cannot be are refused, and nothing is left of the board', async t => {
  const dir = await tempDir(t);
  const rootDir = join(dir, 'board');
  for (const bootloader of [{ emmcSizeBytes: 1000 }, { ...SMALL, layout: [{ name: 'x', sizeBytes: 1 }] }]) {
    await t.throwsAsync(startVirtualBoard({ announce: false, rootDir, bootloader }), { code: 'USAGE' });
    await t.throwsAsync(access(join(`${rootDir}.emmc`, 'emmc.img')));
  }
  await using board = await startVirtualBoard({ announce: false, rootDir, bootloader: { ...SMALL, system: 'none' } });
  const taken = { announce: false, bootloader: { ...SMALL, fastbootPort: board.fastbootPort ?? 0 } };
  await t.throwsAsync(startVirtualBoard(taken), { code: 'EADDRINUSE' });
  await board.close();
  const other = { announce: false, rootDir, bootloader: { emmcSizeBytes: 32 * MIB } };
  await t.throwsAsync(startVirtualBoard(other), { code: 'USAGE', message: /16777216 bytes, not 33554432/ });
});
