import type { HostKey } from '../keys/host-key.js';
import type { BootloaderOptions } from './bootloader/options.js';
import type { Faults } from './faults.js';
import type { ReleaseName } from './release.js';

export type { BootloaderOptions, PartitionPlan } from './bootloader/options.js';

/** What a virtual board is like. */
export interface VirtualBoardOptions {
  /** Host name; default: the one the folder already has, else a new one of an adjective and a noun. */
  readonly name?: string;
  /** Default `eagle`. */
  readonly release?: ReleaseName;
  /** Folder with the board's files; made if it is not there and kept. Default: a temporary one, removed at the end. */
  readonly rootDir?: string;
  /** Address to listen on; default 127.0.0.1, where only this host can reach the board. */
  readonly address?: string;
  /** Default 0, which takes a free one. */
  readonly sshPort?: number;
  /** Default 0, which takes a free one. A real board's is 41337. */
  readonly keymasterPort?: number;
  /** Whether to announce the board by multicast DNS; default true. */
  readonly announce?: boolean;
  readonly faults?: Faults;
  /** Lets the login user in with the password `mendel`; default false, as on boards from Chef on. */
  readonly allowPasswords?: boolean;
  /** How long a reboot takes; default 1000 ms. */
  readonly rebootMs?: number;
  /** Gives the board an eMMC, U-Boot with a serial console, and fastboot. Without it none of them is there. */
  readonly bootloader?: BootloaderOptions;
}

/** Files of this host that are the eMMC: its user area with the partitions, and its two boot areas. */
export interface EmmcFiles {
  readonly user: string;
  readonly boot0: string;
  readonly boot1: string;
}

/**
 * `bootloader`: it is in U-Boot, at its prompt or in fastboot. A board without `BootloaderOptions` cannot be reached then
 * until it is switched off and on.
 */
export type PowerState = 'running' | 'rebooting' | 'bootloader' | 'off';

/** Whether others can find the board; where they cannot, the host's reason. */
export type AnnouncementState =
  { readonly kind: 'announced' } | { readonly kind: 'silent' } | { readonly kind: 'failed'; readonly reason: string };

/** A Mendel board in software. */
export interface VirtualBoard extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly sshPort: number;
  readonly keymasterPort: number;
  /** Ports of fastboot, where it can be reached while the board is in its bootloader. */
  readonly fastbootPort: number | undefined;
  readonly fastbootUdpPort: number | undefined;
  /** TCP port of the serial console: of U-Boot, then of the kernel and the login of Mendel. */
  readonly consolePort: number | undefined;
  readonly emmc: EmmcFiles | undefined;
  /** Folder on this host that the board sees as `/`. */
  readonly rootDir: string;
  readonly hostKey: HostKey;
  readonly power: PowerState;
  readonly announcement: AnnouncementState;
  /** Troubles the board shows; those of the network apply to connections made after they were set. */
  faults: Faults;
  /** Lines of the board's authorized_keys, as they are now. */
  authorizedKeys(): Promise<string[]>;
  /** Replaces them, as somebody at the board's console would; keymaster starts or ends as its release has it. */
  setAuthorizedKeys(lines: readonly string[]): Promise<void>;
  /**
   * Goes down as `sudo reboot` does, or `sudo reboot-bootloader`; resolves when the board is back on the same ports, or in
   * its bootloader.
   */
  reboot(into?: 'linux' | 'bootloader'): Promise<void>;
  /** Switches the board off and on again, which takes it out of the bootloader. */
  powerCycle(): Promise<void>;
  /** Puts a fresh system on the board: no files, no keys of hosts, another host key. Name, release and ports stay. */
  reflash(): Promise<void>;
  /** Ends the board and everything that runs on it. */
  close(): Promise<void>;
}
