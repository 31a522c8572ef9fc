import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { NetworkTarget } from '../../../src/device/fastboot-target.js';
import { tempDir } from '../../fixtures/temp-dir.js';
import { Bootloader, type BootloaderOptions } from './bootloader.js';
import { Disk, type Partition } from './disk.js';
import { TcpTarget } from './tcp-target.js';
import { UdpTarget, type UdpTargetOptions } from './udp-target.js';

const MIB = 1024 * 1024;

/** A disk of 12 MiB with three partitions and a gap. */
export const PARTITIONS: readonly Partition[] = [
  { name: 'boot', offsetBytes: MIB, sizeBytes: MIB },
  { name: 'misc', offsetBytes: 2 * MIB, sizeBytes: 1024 },
  { name: 'rootfs', offsetBytes: 4 * MIB, sizeBytes: 8 * MIB },
];

export interface TargetDesk {
  /** For files of the test. */
  readonly dir: string;
  readonly bootloader: Bootloader;
  readonly target: NetworkTarget;
  /** The whole eMMC as it is now. */
  readonly disk: () => Promise<Buffer>;
}

export type TargetOptions = Partial<BootloaderOptions> & { readonly udp?: UdpTargetOptions };

/** A board in fastboot on loopback, with a disk on which untouched places can be told from zeros. */
export async function startTarget(
  t: ExecutionContext,
  protocol: NetworkTarget['protocol'],
  options: TargetOptions = {},
): Promise<TargetDesk> {
  const dir = await tempDir(t);
  const path = join(dir, 'emmc.img');
  const disk = await Disk.create(path, PARTITIONS, 'untouched ');
  t.teardown(() => disk[Symbol.asyncDispose]());
  const bootloader = await Bootloader.start({ disk, memoryFile: join(dir, 'memory'), ...options });
  t.teardown(() => bootloader[Symbol.asyncDispose]());
  const listener =
    protocol === 'tcp' ? await TcpTarget.listen(bootloader) : await UdpTarget.listen(bootloader, options.udp);
  t.teardown(() => listener[Symbol.asyncDispose]());
  return {
    dir,
    bootloader,
    target: { protocol, host: '127.0.0.1', port: listener.port },
    disk: () => readFile(path),
  };
}

/** What the disk of `startTarget` holds when `writes` were made to it, and nothing else. */
export function diskWith(writes: readonly { readonly partition: string; readonly bytes: Buffer }[]): Buffer {
  const disk = Buffer.alloc(12 * MIB);
  // The disk was filled in steps of 1 MiB, each from the start of the pattern.
  for (let start = 0; start < disk.length; start += MIB) disk.fill('untouched ', start, start + MIB);
  for (const { partition, bytes } of writes) {
    bytes.copy(disk, PARTITIONS.find(({ name }) => name === partition)?.offsetBytes);
  }
  return disk;
}
