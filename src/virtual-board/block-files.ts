import type { BoardFileSystem } from './storage/file-system.js';

/** What the kernel of a board with an eMMC says of it. */
export interface BlockDevice {
  /** Of the device tree. */
  readonly model: string;
  readonly sizeBytes: number;
  readonly partitions: readonly { readonly name: string; readonly sizeBytes: number }[];
}

const DISK = '/sys/block/mmcblk0';
const SECTOR_BYTES = 512;

/** Makes the files of sysfs and of the device tree that tell it, in place of what was there. */
export async function writeBlockFiles(files: BoardFileSystem, device: BlockDevice): Promise<void> {
  const { model, sizeBytes, partitions } = device;
  if (await files.exists(DISK)) await files.removeTree(DISK);
  await files.makeDirectories('/proc/device-tree');
  await files.writeFile('/proc/device-tree/model', `${model}\0`);
  await files.makeDirectories(DISK);
  await files.writeFile(`${DISK}/size`, sectors(sizeBytes));
  for (const [index, { name, sizeBytes: partBytes }] of partitions.entries()) {
    const number = String(index + 1);
    const folder = `${DISK}/mmcblk0p${number}`;
    await files.makeDirectories(folder);
    const uevent = [`DEVNAME=mmcblk0p${number}`, 'DEVTYPE=partition', `PARTN=${number}`, `PARTNAME=${name}`, ''];
    await files.writeFile(`${folder}/uevent`, uevent.join('\n'));
    await files.writeFile(`${folder}/size`, sectors(partBytes));
  }
}

function sectors(sizeBytes: number): string {
  return `${String(Math.floor(sizeBytes / SECTOR_BYTES))}\n`;
}
