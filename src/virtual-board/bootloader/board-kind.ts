import type { Layout } from './layout.js';

/**
 * `nxp`: the fork of U-Boot on the Dev Board. `u-boot`: the mainline. `lk`: that of the Mini. They tell variables
 * differently; LK knows next to none.
 */
export type Flavour = 'nxp' | 'u-boot' | 'lk';

/** Areas of an eMMC: the one with the partitions, and two small ones for what starts first. */
export type EmmcArea = 'user' | 'boot0' | 'boot1';

/** A place on the eMMC that fastboot has a name for, without any partition table. It goes to the end of its area. */
export interface FixedPlace {
  readonly name: string;
  readonly area: EmmcArea;
  readonly offsetBytes: number;
}

/** Kinds of board that can be emulated. */
export type BoardKindName = 'dev-board' | 'dev-board-mini';

/** What boards differ in beneath their system. */
export interface BoardKind {
  readonly flavour: Flavour;
  readonly layout: Layout;
  readonly places: readonly FixedPlace[];
  /** Most that can be downloaded at once. */
  readonly maxDownloadBytes: number;
  /** If all boards of the kind have the same. */
  readonly serialNumber?: string;
  /** Of the device tree, and what U-Boot says of the machine. */
  readonly model: string;
  readonly hardwareLines: readonly string[];
}

/** The ROM of the i.MX 8M looks for its bootloader there. */
const BOOTLOADER_SECTOR = 66;

const devBoard: BoardKind = {
  flavour: 'nxp',
  layout: 'home',
  places: [{ name: 'bootloader0', area: 'boot0', offsetBytes: BOOTLOADER_SECTOR * 512 }],
  maxDownloadBytes: 0x1900_0000,
  model: 'Freescale i.MX8MQ Phanbell',
  hardwareLines: [
    'CPU:   Freescale i.MX8MQ rev2.0 1500 MHz (running at 1000 MHz)',
    'Model: Freescale i.MX8MQ Phanbell',
    'DRAM:  1 GiB',
    'MMC:   FSL_SDHC: 0, FSL_SDHC: 1',
  ],
};

/**
 * Seen on boards: the names `mmc0`, `mmc0boot0`, `mmc0boot1`, `bootloaders`, `boot` and `rootfs`, their order without a
 * restart in between, downloads of 64 MiB and not more, and the one serial number on USB. Public sources of LK as
 * MediaTek has it: how it answers `getvar`, and that what is written to a whole area is at once looked at for a
 * partition table. Inferred: that the bootloader of the Mini does the same, the sizes of its partitions, what the device
 * tree calls it, and that the serial number is told over the network, which LK does not have.
 */
const devBoardMini: BoardKind = {
  flavour: 'lk',
  layout: 'mini',
  places: [
    { name: 'mmc0', area: 'user', offsetBytes: 0 },
    { name: 'mmc0boot0', area: 'boot0', offsetBytes: 0 },
    { name: 'mmc0boot1', area: 'boot1', offsetBytes: 0 },
  ],
  maxDownloadBytes: 0x0400_0000,
  serialNumber: '0123456789ABCDEF',
  model: 'MediaTek MT8167 Coral Dev Board Mini',
  hardwareLines: ['Model: MediaTek MT8167 Coral Dev Board Mini', 'DRAM:  2 GiB'],
};

export const BOARD_KINDS: Readonly<Record<BoardKindName, BoardKind>> = {
  'dev-board': devBoard,
  'dev-board-mini': devBoardMini,
};
