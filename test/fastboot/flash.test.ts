import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { connectFastboot } from '../../src/fastboot/connect.js';
import { FastbootFailError } from '../../src/fastboot/fail-error.js';
import { FastbootClient } from '../../src/fastboot/client.js';
import { FileImage } from '../../src/fastboot/image/file-image.js';
import { ImageError } from '../../src/fastboot/image/image.js';
import { UdpTransport } from '../../src/fastboot/udp-transport.js';
import type { ProgressEvent } from '../../src/time/progress.js';
import { bytesImage } from '../fakes/fastboot/bytes-image.js';
import { diskWith, startTarget } from '../fakes/fastboot/target-desk.js';
import { sparseFile } from './sparse/sparse-file.js';

for (const protocol of ['tcp', 'udp'] as const) {
  test(`${protocol}: variables are asked for, one or all`, async t => {
    const { target } = await startTarget(t, protocol, { flavour: 'nxp', variables: { '.mmc_size': '7818182656' } });
    await using client = await connectFastboot(target);
    t.is(await client.getvar('mmc_size'), '7818182656');
    t.is(await client.findVariable('nothing'), undefined);
    const all = await client.getAllVariables();
    t.is(all.get('max-download-size'), '0x19000000');
    t.false(all.has('mmc_size'));
  });

  test(`${protocol}: a raw image is written as it is, with zeros to the end of its last sector`, async t => {
    const { target, disk, dir } = await startTarget(t, protocol);
    const bytes = randomBytes(300_001);
    await writeFile(join(dir, 'boot.img'), bytes);
    await using image = await FileImage.open(join(dir, 'boot.img'));
    await using client = await connectFastboot(target);
    const summary = await client.flash({ partition: 'boot', image });
    t.deepEqual(summary, { form: 'raw', sentBytes: 300_032, coveredBytes: 300_032, payloadCount: 1 });
    t.true((await disk()).equals(diskWith([{ partition: 'boot', bytes: Buffer.concat([bytes, Buffer.alloc(31)]) }])));
  });

  test(`${protocol}: a raw image over the limit is written in pieces, all of it`, async t => {
    const { target, bootloader, disk } = await startTarget(t, protocol, { maxDownloadBytes: 100_000 });
    const bytes = Buffer.concat([randomBytes(200_000), Buffer.alloc(300_000), randomBytes(100_000)]);
    await using client = await connectFastboot(target);
    const events: ProgressEvent[] = [];
    const summary = await client.flash(
      { partition: 'rootfs', image: bytesImage(bytes) },
      { onProgress: event => events.push(event) },
    );
    t.is(summary.form, 'sparse');
    t.is(bootloader.commands.filter(command => command === 'flash:rootfs').length, summary.payloadCount);
    const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 511)]);
    t.true((await disk()).equals(diskWith([{ partition: 'rootfs', bytes: padded }])));
    t.deepEqual(events.at(0), { kind: 'started', task: 'flash rootfs', unit: 'bytes', total: summary.sentBytes });
    const waiting = events.flatMap(event => (event.kind === 'progress' && event.isWaiting ? [event.detail] : []));
    t.deepEqual(waiting, [
      'writing piece 1 of 4',
      'writing piece 2 of 4',
      'writing piece 3 of 4',
      'writing piece 4 of 4',
    ]);
    t.deepEqual(events.at(-1), { kind: 'finished', task: 'flash rootfs', unit: 'bytes', done: summary.sentBytes });
  });

  test(`${protocol}: what a sparse image does not care for stays as it is on the board`, async t => {
    const { target, disk } = await startTarget(t, protocol, { maxDownloadBytes: 20_000 });
    const data = randomBytes(32_768);
    const file = sparseFile({
      blockBytes: 4096,
      chunks: [
        { kind: 'skip', blocks: 256 },
        { kind: 'raw', data },
        { kind: 'crc' },
        { kind: 'fill', blocks: 3, word: 0x64636261 },
        { kind: 'skip', blocks: 100 },
      ],
    });
    await using client = await connectFastboot(target);
    await client.flash({ partition: 'rootfs', image: bytesImage(file, [4000]) });
    const wanted = diskWith([]);
    data.copy(wanted, 5 * 1024 * 1024);
    wanted.fill('abcd', 5 * 1024 * 1024 + 32_768, 5 * 1024 * 1024 + 32_768 + 3 * 4096);
    t.true((await disk()).equals(wanted));
  });

  test(`${protocol}: an image that does not fit is refused before anything is sent`, async t => {
    const { target, bootloader, disk } = await startTarget(t, protocol);
    await using client = await connectFastboot(target);
    const flashing = client.flash({ partition: 'misc', image: bytesImage(Buffer.alloc(1025)) });
    await t.throwsAsync(flashing, { instanceOf: ImageError });
    t.false(bootloader.commands.some(command => /^(download|flash|erase)/.test(command)));
    t.true((await disk()).equals(diskWith([])));
    t.is(await client.getvar('version'), '0.4');
  });

  test(`${protocol}: a partition that the board does not have is its refusal, after which it goes on`, async t => {
    const { target } = await startTarget(t, protocol);
    await using client = await connectFastboot(target);
    const flashing = client.flash({ partition: 'nowhere', image: bytesImage(Buffer.alloc(512)) });
    const error = await t.throwsAsync(flashing, { instanceOf: FastbootFailError });
    t.is(error.reason, 'invalid partition or device');
    t.truthy(error.hint);
    t.is(await client.getvar('version'), '0.4');
  });

  test(`${protocol}: erase, oem, fetch, upload and reboot`, async t => {
    const heard: string[] = [];
    const { target, disk, bootloader } = await startTarget(t, protocol, { maxFetchBytes: 3000 });
    await using client = await connectFastboot(target, { onMessage: ({ text }) => heard.push(text) });
    const data = randomBytes(1024);
    await client.flash({ partition: 'misc', image: bytesImage(data) });
    const read: Buffer[] = [];
    t.is(await client.fetch('misc', chunk => void read.push(chunk)), 1024);
    t.deepEqual(Buffer.concat(read), data);
    const staged: Buffer[] = [];
    t.is(await client.upload(chunk => void staged.push(chunk)), 1024);
    t.deepEqual(Buffer.concat(staged), data);
    await client.erase('misc');
    t.true((await disk()).equals(diskWith([{ partition: 'misc', bytes: Buffer.alloc(1024) }])));
    await client.oem('hello');
    t.deepEqual(heard, ['erasing', 'hello', 'all ', 'well\n']);
    await client.rebootBootloader();
    t.is(bootloader.restart, 'reboot-bootloader');
  });
}

test('udp: nothing is lost or doubled where every seventh packet is lost, in either direction', async t => {
  const { target, disk } = await startTarget(t, 'udp', { udp: { lose: (_direction, count) => count % 7 === 0 } });
  await using client = new FastbootClient(await UdpTransport.open(target, { retransmitMs: 20 }));
  const bytes = randomBytes(50_176);
  await client.flash({ partition: 'boot', image: bytesImage(bytes) });
  t.true((await disk()).equals(diskWith([{ partition: 'boot', bytes }])));
});

test('udp: the sequence number may wrap in the middle of a download', async t => {
  const { target, disk } = await startTarget(t, 'udp', { udp: { sequence: 0xffe0 } });
  await using client = await connectFastboot(target);
  const bytes = randomBytes(100_352);
  await client.flash({ partition: 'boot', image: bytesImage(bytes) });
  t.true((await disk()).equals(diskWith([{ partition: 'boot', bytes }])));
});

test('udp: a client that went away in a command or a download does not disturb the next one', async t => {
  const { target, bootloader } = await startTarget(t, 'udp');
  const deadline = { operation: 'leaving', timeoutMs: 10_000 };
  const leave = async (...packets: string[]): Promise<void> => {
    await using transport = await UdpTransport.open(target);
    for (const packet of packets) await transport.send(Buffer.from(packet), deadline);
  };
  await leave('getvar:product');
  {
    await using client = await connectFastboot(target);
    t.is(await client.getvar('product'), 'virtual');
  }
  {
    await using transport = await UdpTransport.open(target);
    await transport.send(Buffer.from('download:00001000'), deadline);
    await transport.receive(512, deadline);
  }
  await using client = await connectFastboot(target);
  t.is(await client.getvar('product'), 'virtual');
  t.is(bootloader.missingBytes, 0);
});
