import test from 'ava';
import { ImageError } from '../../src/fastboot/image/image.js';
import { readPartitionTable } from '../../src/flash/partition-table.js';
import { partitionTableImage } from '../fixtures/partition-table.js';

const MIB = 1024 * 1024;
const PARTITIONS = [
  { name: 'boot', startBytes: 8 * MIB, sizeBytes: 128 * MIB },
  { name: 'rootfs', startBytes: 137 * MIB, sizeBytes: 512 },
];

test('partitions are read with their places', t => {
  const table = readPartitionTable(partitionTableImage(PARTITIONS, 256 * MIB), 'table.img');
  t.deepEqual(table, { partitions: PARTITIONS, diskBytes: 256 * MIB });
});

test('names from a table are safe to print', t => {
  const image = partitionTableImage([{ name: 'bo\u001b[2Jot', startBytes: 8 * MIB, sizeBytes: MIB }], 256 * MIB);
  t.is(readPartitionTable(image, 'table.img').partitions[0]?.name, 'bo[2Jot');
});

test('a table that is damaged, cut off or none at all is refused', t => {
  const image = partitionTableImage(PARTITIONS, 256 * MIB);
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(image);
    copy[at] = value;
    return copy;
  };
  const bad: [Buffer, RegExp][] = [
    [Buffer.alloc(4096), /it is not a partition table/],
    [image.subarray(0, 600), /it is not a partition table/],
    [image.subarray(0, 8192), /ends before its last entry/],
    [changed(512 + 12, 255), /checksum/],
    [changed(512 + 13, 255), /checksum/],
    [changed(512 + 40, 7), /checksum/],
    [changed(1024 + 33, 7), /checksum/],
    [changed(512 + 81, 255), /ends before its last entry/],
    [partitionTableImage([{ name: 'boot', startBytes: MIB, sizeBytes: 0 }], 256 * MIB), /ends before it begins/],
  ];
  for (const [bytes, message] of bad) {
    t.throws(() => readPartitionTable(bytes, 'table.img'), { instanceOf: ImageError, message });
  }
});
