// The partition table, by our own reading and by that of Debian's tools.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { HEAD_BYTES, SECTOR_BYTES } from '../../src/formats/gpt/layout.js';
import { backupOf, fitTable, headFromBackup, makeTable } from '../../src/formats/gpt/write.js';
import { readTable } from '../../src/virtual-board/bootloader/gpt.js';
import { placePartitions } from '../../src/virtual-board/bootloader/layout.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { mustRun } from '../lab/program.js';
import { hasProgram } from '../lab/requirements.js';

const SECTORS = 64 * 2048;
const PARTITIONS = [
  { name: 'boot', firstSector: 2048, lastSector: 4095 },
  { name: 'rootfs', firstSector: 4096, lastSector: 100_000 },
];

function withProgram(program: string, title: string, implementation: (t: ExecutionContext) => Promise<void>): void {
  if (hasProgram(program)) test(title, implementation);
  else test.skip(`${title} (needs ${program})`, implementation);
}

/** A file that is a disk with this table. */
async function diskFile(t: ExecutionContext, head: Buffer, sectors: number): Promise<string> {
  const path = join(await tempDir(t), 'disk.img');
  const disk = Buffer.alloc(sectors * SECTOR_BYTES);
  const backup = backupOf(head, sectors);
  head.copy(disk);
  backup.copy(disk, disk.length - backup.length);
  await writeFile(path, disk);
  return path;
}

test('what is written is read again, from the front and from the end', t => {
  const head = makeTable(PARTITIONS, SECTORS, 'a');
  t.is(head.length, HEAD_BYTES);
  t.deepEqual(readTable(head, SECTORS), PARTITIONS);
  const fromBackup = headFromBackup(backupOf(head, SECTORS), SECTORS);
  t.deepEqual(fromBackup && readTable(fromBackup, SECTORS), PARTITIONS);
});

test('a table for a smaller disk is fitted, one for a larger is none, one that fits stays as it is', t => {
  const head = makeTable(PARTITIONS, SECTORS, 'a');
  t.true(fitTable(head, SECTORS).equals(head));
  const fitted = fitTable(head, 2 * SECTORS);
  t.deepEqual(readTable(fitted, 2 * SECTORS), PARTITIONS);
  t.is(fitted.readUInt32LE(446 + 12), 2 * SECTORS - 1);
  t.is(readTable(head, SECTORS / 2), undefined);
});

test('whatever bit is wrong, the table is none', t => {
  const head = makeTable(PARTITIONS, SECTORS, 'a');
  fc.assert(
    // Behind the MBR; the rest of the header's sector is not part of the header.
    fc.property(fc.integer({ min: 512, max: HEAD_BYTES - 1 }), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      fc.pre(at < 512 + 92 || at >= 1024);
      const broken = Buffer.from(head);
      broken[at] = (broken[at] ?? 0) ^ bits;
      return readTable(broken, SECTORS) === undefined;
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), bytes => readTable(Buffer.from(bytes), SECTORS) === undefined),
  );
  t.is(readTable(randomBytes(HEAD_BYTES), SECTORS), undefined);
  t.is(headFromBackup(randomBytes(33 * 512), SECTORS), undefined);
});

test('partitions that overlap nothing but the table are refused', t => {
  const beyond = makeTable([{ name: 'x', firstSector: 33, lastSector: 100 }], SECTORS, 'a');
  t.is(readTable(beyond, SECTORS), undefined);
  const behind = makeTable([{ name: 'x', firstSector: 2048, lastSector: SECTORS - 1 }], SECTORS, 'a');
  t.is(readTable(behind, SECTORS), undefined);
});

test("Mendel's partitions have their sizes, and less room on small disks", t => {
  const sizes = (layout: 'home' | 'no-home', bytes: number): Record<string, number> =>
    Object.fromEntries(
      placePartitions(layout, bytes).map(({ name, firstSector, lastSector }) => [
        name,
        (lastSector - firstSector + 1) / 2048,
      ]),
    );
  const real = sizes('home', 7_818_182_656);
  t.deepEqual([real['boot'], real['misc'], real['home']], [128, 1, 2048]);
  t.true((real['rootfs'] ?? 0) > 5000);
  t.deepEqual(Object.keys(sizes('no-home', 7_818_182_656)), ['boot', 'misc', 'rootfs']);
  t.deepEqual(Object.keys(sizes('home', 2 * 1024 * 1024)), ['boot', 'misc', 'home', 'rootfs']);
});

test('a layout that does not fit is refused', t => {
  for (const plan of [{ sizeBytes: 65 * 1024 * 1024 }, { offsetBytes: 512 }, { sizeBytes: 1000 }]) {
    t.throws(() => placePartitions([{ name: 'boot', ...plan }], 64 * 1024 * 1024), { code: 'USAGE' });
  }
});

withProgram('sgdisk', 'sgdisk finds no fault with our tables, new or fitted', async t => {
  const head = makeTable(PARTITIONS, SECTORS, 'a');
  for (const [table, sectors] of [
    [head, SECTORS],
    [fitTable(head, SECTORS + 4096), SECTORS + 4096],
  ] as const) {
    const said = await mustRun(['sgdisk', '--verify', '--print', await diskFile(t, table, sectors)]);
    t.regex(said, /No problems found/);
    t.regex(said, /2048 +4095 .* boot\n.*4096 +100000 .* rootfs/);
  }
});

withProgram('sfdisk', 'sfdisk reads our tables', async t => {
  const path = await diskFile(t, makeTable(PARTITIONS, SECTORS, 'a'), SECTORS);
  const { partitiontable: table } = JSON.parse(await mustRun(['sfdisk', '--json', path])) as {
    partitiontable: { label: string; partitions: { start: number; size: number; name: string }[] };
  };
  t.is(table.label, 'gpt');
  t.deepEqual(
    table.partitions.map(({ name, start, size }) => ({ name, start, size })),
    [
      { name: 'boot', start: 2048, size: 2048 },
      { name: 'rootfs', start: 4096, size: 95_905 },
    ],
  );
});
