import { RELEASES, type ReleaseName } from '../release.js';
import type { Emmc } from './emmc.js';

/*
 * What makes a virtual board boot: partitions `boot` and `rootfs` that are not empty. It cannot run what is in them. An
 * image may say which release of Mendel it stands for: if the partition `rootfs` begins with the line
 *
 *   mdt-virtual-image release=day
 *
 * the board comes up with that release; with any other content it keeps the one it had.
 */

const MARK = /^mdt-virtual-image release=(\w+)\n/;
/** An ext4 file system has its first words behind 1 KiB of zeros. */
const LOOK_BYTES = 64 * 1024;

/** Puts a system on the partitions, as a board has it that comes from the shop. */
export async function installSystem(emmc: Emmc, release: ReleaseName): Promise<void> {
  const contents = { boot: 'mdt-virtual-boot\n', rootfs: `mdt-virtual-image release=${release}\n` };
  for (const [name, content] of Object.entries(contents)) {
    const region = await emmc.find(name);
    if (region !== undefined) emmc.write(region, 0, Buffer.from(content));
  }
}

export async function isBootable(emmc: Emmc): Promise<boolean> {
  for (const name of ['boot', 'rootfs']) {
    if ((await beginning(emmc, name)).every(byte => byte === 0)) return false;
  }
  return true;
}

/** The release that the image on the board stands for, if it says so. */
export async function releaseOnDisk(emmc: Emmc): Promise<ReleaseName | undefined> {
  const text = (await beginning(emmc, 'rootfs')).toString('latin1', 0, 64);
  const name = MARK.exec(text)?.[1];
  return RELEASES.find(release => release === name);
}

async function beginning(emmc: Emmc, name: string): Promise<Buffer> {
  const region = await emmc.find(name);
  if (region === undefined) return Buffer.alloc(0);
  return await emmc.read(region, 0, Math.min(LOOK_BYTES, region.sizeBytes));
}
