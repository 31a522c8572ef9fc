// The subpath `mendel-device-tool/virtual-board`: Mendel boards in software, for testing scripts.
export type { HostKey } from '../keys/host-key.js';
export type { BoardKindName, Flavour } from './bootloader/board-kind.js';
export type { Layout } from './bootloader/layout.js';
export type { FastbootFaults } from './bootloader/fastboot-faults.js';
export type { Faults, Refusal } from './faults.js';
export type { ReleaseName } from './release.js';
export {
  startVirtualBoard,
  type AnnouncementState,
  type BootloaderOptions,
  type EmmcFiles,
  type PartitionPlan,
  type PowerState,
  type VirtualBoard,
  type VirtualBoardOptions,
} from './virtual-board.js';
