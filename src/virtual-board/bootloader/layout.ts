import { UsageError } from '../../errors.js';
import { BACKUP_SECTORS, HEAD_SECTORS, SECTOR_BYTES, type GptPartition } from '../../formats/gpt/layout.js';

const MIB = 1024 * 1024;

/** A partition to make: behind the one before it unless `offsetBytes` is given, to the end of the disk without a size. */
export interface PartitionPlan {
  readonly name: string;
  readonly offsetBytes?: number;
  readonly sizeBytes?: number;
}

/** `home`: as Eagle's tables, with a partition for /home. `no-home`: as those before. `mini`: as the Dev Board Mini. */
export type Layout = 'home' | 'no-home' | 'mini' | readonly PartitionPlan[];

/**
 * Where the partitions of a layout are on a disk. Those of Mendel have their real sizes (boot 128 MiB, misc 1 MiB, home
 * 2 GiB), those of the Mini sizes that are inferred; less on disks that are too small for them.
 * @throws UsageError if they do not fit
 */
export function placePartitions(layout: Layout, diskBytes: number): GptPartition[] {
  const diskSectors = diskBytes / SECTOR_BYTES;
  const lastUsable = diskSectors - BACKUP_SECTORS - 1;
  let next = Math.min(MIB / SECTOR_BYTES, Math.ceil((HEAD_SECTORS + diskSectors / 64) / 8) * 8);
  return plansOf(layout, diskBytes).map(({ name, offsetBytes, sizeBytes }) => {
    const firstSector = offsetBytes === undefined ? next : offsetBytes / SECTOR_BYTES;
    const lastSector = sizeBytes === undefined ? lastUsable : firstSector + sizeBytes / SECTOR_BYTES - 1;
    const isWhole = Number.isInteger(firstSector) && Number.isInteger(lastSector);
    if (!isWhole || firstSector < HEAD_SECTORS || lastSector < firstSector || lastSector > lastUsable) {
      throw new UsageError(`Partition ${name} does not fit on an eMMC of ${String(diskBytes)} bytes.`, {
        hint: 'Offsets and sizes are multiples of 512; 17 KiB at either end belong to the partition table.',
      });
    }
    next = lastSector + 1;
    return { name, firstSector, lastSector };
  });
}

function plansOf(layout: Layout, diskBytes: number): readonly PartitionPlan[] {
  if (typeof layout !== 'string') return layout;
  const upTo = (sizeBytes: number, share: number): number =>
    Math.min(sizeBytes, Math.floor(diskBytes / share / 4096) * 4096);
  const boot = { name: 'boot', sizeBytes: upTo(128 * MIB, 8) };
  if (layout === 'mini') return [{ name: 'bootloaders', sizeBytes: upTo(4 * MIB, 16) }, boot, { name: 'rootfs' }];
  const home = { name: 'home', sizeBytes: upTo(2048 * MIB, 3) };
  return [boot, { name: 'misc', sizeBytes: upTo(MIB, 16) }, ...(layout === 'home' ? [home] : []), { name: 'rootfs' }];
}
