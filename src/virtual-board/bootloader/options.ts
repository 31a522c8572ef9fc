import type { BoardKindName, Flavour } from './board-kind.js';
import type { Layout } from './layout.js';

export type { BoardKindName } from './board-kind.js';
export type { Layout, PartitionPlan } from './layout.js';

/** The bootloader and the eMMC of a virtual board. */
export interface BootloaderOptions {
  /** What kind of board it is beneath its system; default `dev-board`. The defaults of the other options are its. */
  readonly kind?: BoardKindName;
  /** Port of fastboot over TCP; default 0, which takes a free one. A real board's is 5554. */
  readonly fastbootPort?: number;
  /** Port of fastboot over UDP; default 0, which takes a free one. A real board's is 5554. */
  readonly fastbootUdpPort?: number;
  /** TCP port of the serial console, as of a terminal server; default 0, which takes a free one. */
  readonly consolePort?: number;
  /** Size of a new eMMC; default 7818182656, as the smallest Dev Boards have. It takes only as much room as is written. */
  readonly emmcSizeBytes?: number;
  /** How a new eMMC is partitioned; default `home`, as by Eagle; on a Mini `mini`. */
  readonly layout?: Layout;
  /**
   * What is on a new eMMC. `installed`: Mendel. `none`: its partitions, empty. `blank`: not even a partition table.
   * Default `installed`.
   */
  readonly system?: 'installed' | 'none' | 'blank';
  /** Where a board goes that has nothing to boot: into fastboot, or to the prompt of U-Boot. Default `fastboot`. */
  readonly fallback?: 'fastboot' | 'u-boot';
  /** 16 hexadecimal digits; default: made from the name, on a Mini the one that all have. */
  readonly serialNumber?: string;
  /** Default `nxp`, the fork on the Dev Board; on a Mini `lk`. */
  readonly flavour?: Flavour;
  /** Variables beside those of every board; those whose name begins with `.` are told, but not listed. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Most that can be downloaded at once; default 0x19000000, on a Mini 0x4000000. */
  readonly maxDownloadBytes?: number;
  /** How long the boot can be stopped by a key; default 3000 ms. Only after a reset: a new board boots at once. */
  readonly autobootMs?: number;
  /** How long the scripts take that run at the first boot of a system; default 0. */
  readonly firstBootMs?: number;
}
