// What a virtual board says to fastboot, the words and the carelessness of U-Boot, and what it does with its eMMC.
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { FastbootFailError } from '../../../src/fastboot/fail-error.js';
import { ImageError } from '../../../src/fastboot/image/image.js';
import { TcpTransport } from '../../../src/fastboot/tcp-transport.js';
import { UdpTransport } from '../../../src/fastboot/udp-transport.js';
import { SECTOR_BYTES } from '../../../src/formats/gpt/layout.js';
import { backupOf, fitTable, makeTable } from '../../../src/formats/gpt/write.js';
import { placePartitions } from '../../../src/virtual-board/bootloader/layout.js';
import type { VirtualBoard } from '../../../src/virtual-board/virtual-board.js';
import { bytesImage } from '../../fakes/fastboot/bytes-image.js';
import { sparseFile } from '../../fastboot/sparse/sparse-file.js';
import { tempDir } from '../../fixtures/temp-dir.js';
import { mustRun, runProgram } from '../../lab/program.js';
import { hasProgram } from '../../lab/requirements.js';
import { boardWithLoader, DISK_BYTES, fastbootOf, MIB, powerBecomes, restarted, userArea } from './loader-desk.js';

const deadline = { operation: 'testing', timeoutMs: 30_000 };

/** Sends commands and data as they are; returns what the board says to each, one packet. */
async function raw(board: VirtualBoard, ...packets: (string | Buffer)[]): Promise<string[]> {
  await using transport = await TcpTransport.open({
    protocol: 'tcp',
    host: '127.0.0.1',
    port: board.fastbootPort ?? 0,
  });
  const answers: string[] = [];
  for (const packet of packets) {
    await transport.send(Buffer.from(packet), deadline);
    answers.push((await transport.receive(512, deadline)).toString());
  }
  return answers;
}

function download(bytes: Buffer): [string, Buffer] {
  return [`download:${bytes.length.toString(16).padStart(8, '0')}`, bytes];
}

test('variables are those of the fork on the Dev Board', async t => {
  const board = await boardWithLoader(t, { system: 'none', serialNumber: '0f1e2d3c4b5a6978' });
  const client = await fastbootOf(board);
  t.is(await client.getvar('mmc_size'), String(DISK_BYTES));
  t.is(await client.getvar('serialno'), '0f1e2d3c4b5a6978');
  t.is(await client.getvar('partition-type:home'), 'ext4');
  t.is(await client.getvar('partition-size:misc'), '0x1000');
  t.is(await client.getvar('has-slot:boot'), 'no');
  t.is(await client.getvar('max-download-size'), '0x19000000');
  t.regex(await client.getvar('version-bootloader'), /^U-Boot 2017\.03/);
  const all = await client.getAllVariables();
  t.is(all.get('version-baseband'), 'N/A');
  for (const hidden of ['mmc_size', 'serialno', 'has-slot:boot']) t.false(all.has(hidden), hidden);
  await client.close();
  t.deepEqual(await raw(board, 'getvar:nothing', 'getvar:partition-type:no', 'getvar:__proto__'), [
    'FAIL',
    'FAILWrong partition name.',
    'FAIL',
  ]);
});

test('all variables come without a blank from the fork, and with one from the mainline', async t => {
  const first = async (flavour: 'nxp' | 'u-boot'): Promise<string[]> =>
    raw(await boardWithLoader(t, { system: 'none', flavour }), 'getvar:all', 'getvar:nothing');
  t.is((await first('nxp'))[0], 'INFOversion:0.4');
  t.is((await first('u-boot'))[0], 'INFOversion: 0.4');
});

test('what is refused, and in which words', async t => {
  const board = await boardWithLoader(t, { system: 'blank', maxDownloadBytes: 4096 });
  t.deepEqual(
    await raw(
      board,
      'flash:boot',
      'download:00000000',
      'download:00001001',
      'constructor',
      'fetch:boot',
      'oem unlock',
      'oem format',
      ...download(Buffer.alloc(512, 1)),
      'flash:boot',
      'flash:',
      'flash:gpt',
      'erase:boot',
      'reboot-bootloader',
    ),
    [
      'FAILExpected nonzero image size',
      'FAILExpected nonzero image size',
      'FAIL00001001',
      'FAILunrecognized command',
      'FAILunrecognized command',
      'FAILunrecognized command',
      'OKAY',
      'DATA00000200',
      'OKAY',
      'FAILinvalid partition or device',
      'FAILpartition not given',
      'FAILinvalid GPT partition',
      'FAILinvalid partition or device',
      'FAILCannot set reboot flag',
    ],
  );
  t.is(board.power, 'bootloader');
});

test('bad sparse images are found as late as U-Boot finds them', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  const rootfs = async (): Promise<Buffer> => (await userArea(board)).subarray(4 * MIB, 4 * MIB + 8192);
  const good = sparseFile({ blockBytes: 4096, chunks: [{ kind: 'raw', data: Buffer.alloc(4096, 'a') }] });
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(good);
    change(bytes);
    return bytes;
  };
  const flash = async (bytes: Buffer): Promise<string | undefined> =>
    (await raw(board, ...download(bytes), 'flash:rootfs')).at(-1);
  t.is(await flash(changed(bytes => bytes.writeUInt32LE(9, 16))), 'FAILsparse image write failure');
  t.is((await rootfs()).toString('latin1', 0, 4), 'aaaa');
  const future = changed(bytes => bytes.writeUInt16LE(2, 4));
  t.is(await flash(future), 'OKAY');
  t.true((await rootfs()).subarray(0, good.length).equals(future));
  t.is(await flash(changed(bytes => bytes.writeUInt32LE(0, 12))), 'FAILsparse image block size issue');
  t.is(await flash(changed(bytes => bytes.writeUInt16LE(0xcac4, 28))), 'FAILUnknown chunk type');
  t.is(await flash(changed(bytes => bytes.writeUInt32LE(13, 36))), 'FAILBogus chunk size for chunk type Raw');
  t.is(await flash(changed(bytes => bytes.writeUInt32LE(100_000, 20))), 'FAILUnknown chunk type');
  t.is(await flash(sparseFile({ blockBytes: 4096, chunks: [{ kind: 'skip', blocks: 100_000 }] })), 'OKAY');
  const large = { kind: 'fill', blocks: 100_000, word: 1 } as const;
  t.is(await flash(sparseFile({ blockBytes: 4096, chunks: [large] })), 'FAILtoo large for partition');
  t.is((await raw(board, ...download(Buffer.alloc(4608)), 'flash:misc')).at(-1), 'FAILtoo large for partition');
});

test('the last sector of a raw image is filled up with what was in memory', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  await raw(board, ...download(Buffer.from('x')), 'flash:misc');
  await raw(board, ...download(randomBytes(700)), 'flash:boot');
  const disk = await userArea(board);
  t.true(disk.includes('xstale memory stale'));
});

test('erase leaves zeros and nothing else', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  const before = await userArea(board);
  await using client = await fastbootOf(board);
  for (const partition of ['boot', 'misc', 'rootfs']) {
    await client.flash({ partition, image: bytesImage(randomBytes(4096)) });
  }
  for (const partition of ['boot', 'misc', 'rootfs']) await client.erase(partition);
  t.true((await userArea(board)).equals(before));
});

test('bootloader0 is the boot area behind its first 33 KiB', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  const bytes = randomBytes(2048);
  await using client = await fastbootOf(board);
  await client.flash({ partition: 'bootloader0', image: bytesImage(bytes) });
  const boot0 = await readFile(board.emmc?.boot0 ?? '');
  t.is(boot0.length, 4 * MIB);
  t.true(boot0.equals(Buffer.concat([Buffer.alloc(66 * 512), bytes, Buffer.alloc(4 * MIB - 66 * 512 - 2048)])));
});

test('a partition table is installed with its backup, fitted to the disk; another one is refused', async t => {
  const board = await boardWithLoader(t, { system: 'blank' });
  const sectors = DISK_BYTES / SECTOR_BYTES;
  const table = (diskBytes: number): Buffer =>
    makeTable(placePartitions('no-home', diskBytes), diskBytes / SECTOR_BYTES, 'image');
  const image = table(DISK_BYTES / 2);
  {
    await using client = await fastbootOf(board);
    await t.throwsAsync(client.flash({ partition: 'gpt', image: bytesImage(table(DISK_BYTES * 2)) }), {
      instanceOf: FastbootFailError,
      message: /invalid GPT partition/,
    });
    t.true((await userArea(board)).equals(Buffer.alloc(DISK_BYTES)));
    await client.flash({ partition: 'gpt', image: bytesImage(Buffer.concat([image, backupOf(image, sectors / 2)])) });
    await client.rebootBootloader();
  }
  const fitted = fitTable(image, sectors);
  const disk = Buffer.alloc(DISK_BYTES);
  fitted.copy(disk);
  backupOf(fitted, sectors).copy(disk, DISK_BYTES - 33 * 512);
  await restarted(board);
  // The request to come back was taken from misc again.
  t.true((await userArea(board)).equals(disk));
  await using client = await fastbootOf(board);
  t.is(await client.findVariable('partition-type:home'), undefined);
  t.is(await client.getvar('partition-type:misc'), 'raw');
});

test('a table whose front is broken is read from its backup', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  const path = board.emmc?.user ?? '';
  const disk = await readFile(path);
  disk.fill(0, 0, 34 * 512);
  await writeFile(path, disk);
  await using client = await fastbootOf(board);
  t.is(await client.getvar('partition-size:misc'), '0x1000');
  disk.fill(0, DISK_BYTES - 512);
  await writeFile(path, disk);
  t.is(await client.findVariable('partition-size:misc'), undefined);
});

test('boot with an image resets the board, continue boots it', async t => {
  const board = await boardWithLoader(t);
  await board.reboot('bootloader');
  t.deepEqual(await raw(board, ...download(Buffer.alloc(10)), 'boot'), ['DATA0000000a', 'OKAY', 'OKAY']);
  await powerBecomes(board, 'running');
});

test('one client at a time is served, in the order in which they came', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  const first = await fastbootOf(board);
  const second = fastbootOf(board).then(async client => {
    await using served = client;
    return await served.getvar('version');
  });
  t.is(await first.getvar('version'), '0.4');
  await first.close();
  t.is(await second, '0.4');
});

test('strangers on the port are let go', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  for (const greeting of ['GET / HTTP/1.1\r\n\r\n', 'FB01\xff\xff\xff\xff\xff\xff\xff\xff']) {
    const socket = connect(board.fastbootPort ?? 0, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(greeting, 'latin1');
    await new Promise(resolve => socket.once('close', resolve));
  }
  await using client = await fastbootOf(board);
  t.is(await client.getvar('version'), '0.4');
});

test('a download that was left does not disturb the next client', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  t.deepEqual(await raw(board, 'download:00001000'), ['DATA00001000']);
  t.deepEqual(await raw(board, 'getvar:version'), ['OKAY0.4']);
  t.deepEqual(await raw(board, 'download:00000004', 'longer'), ['DATA00000004', 'FAILReceived invalid data length']);
});

test('udp: a board that was restarted begins anew', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  const target = { protocol: 'udp', host: '127.0.0.1', port: board.fastbootUdpPort ?? 0 } as const;
  {
    await using transport = await UdpTransport.open(target);
    await transport.send(Buffer.from('download:00001000'), deadline);
  }
  await board.powerCycle();
  await using transport = await UdpTransport.open(target);
  await transport.send(Buffer.from('getvar:version'), deadline);
  t.is((await transport.receive(512, deadline)).toString(), 'OKAY0.4');
});

type Implementation = (t: ExecutionContext) => Promise<void>;

function withFastboot(title: string, implementation: Implementation): void {
  if (hasProgram('fastboot')) test(title, implementation);
  else test.skip(`${title} (needs Debian's package fastboot)`, implementation);
}

for (const protocol of ['tcp', 'udp'] as const) {
  withFastboot(`${protocol}: Debian's fastboot flashes a blank board as our client does`, async t => {
    const dir = await tempDir(t);
    const table = makeTable(placePartitions('home', DISK_BYTES), DISK_BYTES / SECTOR_BYTES, 'image');
    const images = {
      gpt: table,
      boot: randomBytes(102_400),
      rootfs: sparseFile({
        blockBytes: 4096,
        chunks: [
          { kind: 'raw', data: randomBytes(40_960) },
          { kind: 'skip', blocks: 5 },
          { kind: 'fill', blocks: 300, word: 0xdeadbeef },
          { kind: 'raw', data: randomBytes(204_800) },
        ],
      }),
    };
    const [ours, theirs] = [
      await boardWithLoader(t, { system: 'blank' }),
      await boardWithLoader(t, { system: 'blank' }),
    ];
    const port = protocol === 'tcp' ? theirs.fastbootPort : theirs.fastbootUdpPort;
    const debian = ['fastboot', '-s', `${protocol}:127.0.0.1:${String(port)}`];
    {
      await using client = await fastbootOf(ours, protocol);
      for (const [partition, bytes] of Object.entries(images)) {
        await client.flash({ partition, image: bytesImage(bytes) });
        await writeFile(join(dir, partition), bytes);
        await mustRun([...debian, 'flash', partition, join(dir, partition)]);
      }
      await client.erase('misc');
      await mustRun([...debian, 'erase', 'misc']);
      const { stderr } = await runProgram([...debian, 'getvar', 'mmc_size']);
      t.regex(stderr.toString(), new RegExp(`^mmc_size: ${await client.getvar('mmc_size')}$`, 'm'));
      t.true((await userArea(ours)).equals(await userArea(theirs)));
      await client.rebootBootloader();
      await mustRun([...debian, 'reboot-bootloader']);
    }
    for (const board of [ours, theirs]) {
      await restarted(board);
    }
    await using client = await fastbootOf(ours, protocol);
    await client.reboot();
    await mustRun([...debian, 'reboot']);
    await powerBecomes(ours, 'running');
    await powerBecomes(theirs, 'running');
    t.true((await userArea(ours)).equals(await userArea(theirs)));
  });
}

test('our client does not send what the board would take badly', async t => {
  const board = await boardWithLoader(t, { system: 'none' });
  await using client = await fastbootOf(board);
  const bad = sparseFile({ blockBytes: 4096, chunks: [{ kind: 'raw', data: Buffer.alloc(4096) }] });
  bad.writeUInt16LE(2, 4);
  await t.throwsAsync(client.flash({ partition: 'rootfs', image: bytesImage(bad) }), { instanceOf: ImageError });
});
