import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { NetworkTarget } from '../../../src/device/fastboot-target.js';
import { Emmc } from '../../../src/virtual-board/bootloader/emmc.js';
import { Fastboot, type FastbootOptions } from '../../../src/virtual-board/bootloader/fastboot.js';
import { SECTOR_BYTES } from '../../../src/formats/gpt/layout.js';
import { backupOf, makeTable } from '../../../src/formats/gpt/write.js';
import { placePartitions } from '../../../src/virtual-board/bootloader/layout.js';
import { TcpServer } from '../../../src/virtual-board/bootloader/tcp-server.js';
import { UdpServer, type UdpServerOptions } from '../../../src/virtual-board/bootloader/udp-server.js';
import { tempDir } from '../../fixtures/temp-dir.js';

const MIB = 1024 * 1024;
const DISK_BYTES = 13 * MIB;

/** A disk of 13 MiB with three partitions and a gap. */
const PARTITIONS = [
  { name: 'boot', offsetBytes: MIB, sizeBytes: MIB },
  { name: 'misc', offsetBytes: 2 * MIB, sizeBytes: 1024 },
  { name: 'rootfs', offsetBytes: 4 * MIB, sizeBytes: 8 * MIB },
];

export interface TargetDesk {
  /** For files of the test. */
  readonly dir: string;
  readonly bootloader: Fastboot;
  readonly target: NetworkTarget;
  /** The whole eMMC as it is now. */
  readonly disk: () => Promise<Buffer>;
}

export type TargetOptions = Partial<FastbootOptions> & { readonly udp?: Partial<UdpServerOptions> };

/** The fastboot of a virtual board on loopback, with a disk on which untouched places can be told from zeros. */
export async function startTarget(
  t: ExecutionContext,
  protocol: NetworkTarget['protocol'],
  options: TargetOptions = {},
): Promise<TargetDesk> {
  const dir = await tempDir(t);
  const path = join(dir, 'emmc.img');
  await writeFile(path, diskWith([]));
  const emmc = await Emmc.open({ folder: dir, seed: 'test' });
  t.teardown(() => emmc[Symbol.asyncDispose]());
  const bootloader = await Fastboot.start({
    emmc,
    memoryFile: join(dir, 'memory'),
    flavour: 'u-boot',
    oem: words => [`INFO${words}`, 'TEXTall ', 'TEXTwell\n', 'OKAY'],
    ...options,
    variables: { product: 'virtual', ...options.variables },
  });
  t.teardown(() => bootloader[Symbol.asyncDispose]());
  const place = { fastboot: bootloader, address: '127.0.0.1', port: 0 };
  const server = protocol === 'tcp' ? new TcpServer(place) : new UdpServer({ ...place, ...options.udp });
  await server.listen();
  t.teardown(() => server.close());
  return {
    dir,
    bootloader,
    target: { protocol, host: '127.0.0.1', port: server.port },
    disk: () => readFile(path),
  };
}

/** What the disk of `startTarget` holds when `writes` were made to it, and nothing else. */
export function diskWith(writes: readonly { readonly partition: string; readonly bytes: Buffer }[]): Buffer {
  const sectors = DISK_BYTES / SECTOR_BYTES;
  const disk = Buffer.alloc(DISK_BYTES, 'untouched ');
  const table = makeTable(placePartitions(PARTITIONS, DISK_BYTES), sectors, 'test');
  const backup = backupOf(table, sectors);
  table.copy(disk);
  backup.copy(disk, DISK_BYTES - backup.length);
  for (const { partition, bytes } of writes) {
    bytes.copy(disk, PARTITIONS.find(({ name }) => name === partition)?.offsetBytes);
  }
  return disk;
}
