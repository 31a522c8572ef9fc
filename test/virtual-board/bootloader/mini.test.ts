import { readFile } from 'node:fs/promises';
import test from 'ava';
import { FastbootFailError } from '../../../src/fastboot/fail-error.js';
import { SECTOR_BYTES } from '../../../src/formats/gpt/layout.js';
import { makeTable } from '../../../src/formats/gpt/write.js';
import { placePartitions } from '../../../src/virtual-board/bootloader/layout.js';
import { bytesImage } from '../../fakes/fastboot/bytes-image.js';
import { boardWithLoader, DISK_BYTES, fastbootOf, userArea } from './loader-desk.js';

test('the fastboot of a Mini tells next to nothing, and answers what it does not know with nothing', async t => {
  const board = await boardWithLoader(t, { kind: 'dev-board-mini', layout: 'mini', system: 'none' });
  await using client = await fastbootOf(board);
  t.deepEqual(
    [...(await client.getAllVariables())],
    [
      ['version', '0.5'],
      ['max-download-size', '0x4000000'],
    ],
  );
  t.is(await client.getvar('serialno'), '0123456789ABCDEF');
  for (const name of ['product', 'mmc_size', 'partition-type:boot']) t.is(await client.getvar(name), '', name);
});

test('a Mini has names for whole areas of its eMMC, and sees a partition table where it was written', async t => {
  const board = await boardWithLoader(t, { kind: 'dev-board-mini', layout: 'mini', system: 'blank' });
  await using client = await fastbootOf(board);
  const partitions = placePartitions('mini', DISK_BYTES);
  const table = makeTable(partitions, DISK_BYTES / SECTOR_BYTES, 'image');
  const flash = (partition: string, bytes: Buffer): Promise<unknown> =>
    client.flash({ partition, image: bytesImage(bytes) });
  for (const name of ['gpt', 'bootloader0', 'bootloaders']) {
    await t.throwsAsync(flash(name, table), { instanceOf: FastbootFailError }, name);
  }
  await flash('mmc0', table);
  await flash('mmc0boot0', Buffer.alloc(512, 'first'));
  await flash('mmc0boot1', Buffer.alloc(512, 'second'));
  await flash('bootloaders', Buffer.alloc(512, 'third'));
  const disk = await userArea(board);
  t.true(disk.subarray(0, table.length).equals(table));
  t.is(disk.indexOf('third'), (partitions[0]?.firstSector ?? 0) * SECTOR_BYTES);
  t.is((await readFile(board.emmc?.boot0 ?? '')).indexOf('first'), 0);
  t.is((await readFile(board.emmc?.boot1 ?? '')).indexOf('second'), 0);
});
