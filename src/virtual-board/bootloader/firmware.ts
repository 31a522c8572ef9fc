import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Faults } from '../faults.js';
import type { ReleaseName } from '../release.js';
import { removeFolder } from '../storage/remove-folder.js';
import { Emmc } from './emmc.js';
import { Fastboot, requestBootloader, takeBootloaderRequest, type Restart } from './fastboot.js';
import type { BootloaderOptions } from './options.js';
import { installSystem, isBootable, releaseOnDisk } from './system-image.js';
import { TcpServer } from './tcp-server.js';
import { UdpServer } from './udp-server.js';

/** What the bootloader knows and asks of the board around it. */
export interface FirmwarePlace {
  readonly name: string;
  readonly address: string;
  /** Folder for the eMMC's files. */
  readonly folder: string;
  /** Its files go with the board. */
  readonly isTemporary: boolean;
  readonly release: ReleaseName;
  readonly faults: () => Faults;
  /** Called when the bootloader is left: the system is to boot, or the board to start anew. */
  readonly onLeave: (next: 'linux' | 'reset') => void;
}

/** What was written to the eMMC since Mendel ran last. */
export interface SystemChanges {
  readonly rootfs: boolean;
  readonly home: boolean;
  /** What the new system says that it is. */
  readonly release: ReleaseName | undefined;
}

/** What a board has beneath its system: the eMMC, U-Boot with its console, and fastboot. */
export class Firmware {
  readonly emmc: Emmc;
  readonly #place: FirmwarePlace;
  readonly #changedFile: string;
  readonly #changed: Set<string>;
  readonly #fastboot: Fastboot;
  readonly #tcp: TcpServer;
  readonly #udp: UdpServer;

  constructor(options: BootloaderOptions, place: FirmwarePlace, parts: Parts) {
    this.#place = place;
    this.emmc = parts.emmc;
    this.#fastboot = parts.fastboot;
    this.#changed = parts.changed;
    this.#changedFile = changedFile(place);
    const { address, faults } = place;
    const onRestart = (): void => {
      this.#restart();
    };
    const shared = { fastboot: parts.fastboot, address, faults, onRestart };
    this.#tcp = new TcpServer({ ...shared, port: options.fastbootPort ?? 0 });
    this.#udp = new UdpServer({ ...shared, port: options.fastbootUdpPort ?? 0 });
  }

  /** Finds the ports that fastboot is going to have, for a board that does not begin with it. */
  async reservePorts(): Promise<void> {
    await this.#openFastboot();
    await this.#closeFastboot();
  }

  get fastbootPort(): number {
    return this.#tcp.port;
  }

  get fastbootUdpPort(): number {
    return this.#udp.port;
  }

  /** Runs U-Boot until it has decided: `linux` to boot, or it stays for somebody to come. */
  async powerOn(): Promise<'linux' | 'stays'> {
    const isRequested = await takeBootloaderRequest(this.emmc);
    if (!isRequested && (await isBootable(this.emmc))) return 'linux';
    await this.#openFastboot();
    return 'stays';
  }

  async powerOff(): Promise<void> {
    await this.#closeFastboot();
  }

  /** As `reboot-bootloader` on the board does. */
  async requestBootloader(): Promise<void> {
    await requestBootloader(this.emmc);
  }

  /** What has changed beneath the system that is about to boot; the next one boots unchanged. */
  async takeChanges(): Promise<SystemChanges> {
    const hasHome = (await this.emmc.find('home')) !== undefined;
    const rootfs = this.#changed.has('rootfs');
    const home = hasHome ? this.#changed.has('home') : rootfs;
    const release = rootfs ? await releaseOnDisk(this.emmc) : undefined;
    await this.#forgetChanges();
    return { rootfs, home, release };
  }

  /** Puts a system on the eMMC, as `reflash` of the board does. */
  async installSystem(release: ReleaseName): Promise<void> {
    await installSystem(this.emmc, release);
    await this.#forgetChanges();
  }

  async close(): Promise<void> {
    await this.#closeFastboot();
    await this.#fastboot[Symbol.asyncDispose]();
    await this.emmc[Symbol.asyncDispose]();
    if (this.#place.isTemporary) await removeFolder(this.#place.folder);
  }

  async #openFastboot(): Promise<void> {
    this.#fastboot.reset();
    await this.#tcp.listen();
    await this.#udp.listen();
  }

  async #closeFastboot(): Promise<void> {
    await this.#tcp.close();
    await this.#udp.close();
  }

  #restart(): void {
    const next: Readonly<Record<Restart, 'linux' | 'reset'>> = {
      reboot: 'reset',
      'reboot-bootloader': 'reset',
      boot: 'reset',
      continue: 'linux',
    };
    const { restart } = this.#fastboot;
    if (restart !== undefined) this.#place.onLeave(next[restart]);
  }

  async #forgetChanges(): Promise<void> {
    this.#changed.clear();
    await rm(this.#changedFile, { force: true });
  }
}

interface Parts {
  readonly emmc: Emmc;
  readonly fastboot: Fastboot;
  /** Names of regions that were written. */
  readonly changed: Set<string>;
}

/** Opens the eMMC, which is made first if it is not there. @throws UsageError, or the host's own error for its ports */
export async function openFirmware(options: BootloaderOptions, place: FirmwarePlace): Promise<Firmware> {
  const { folder, name, faults } = place;
  const { system = 'installed', layout = 'home', serialNumber = serialNumberOf(name) } = options;
  const file = changedFile(place);
  const changed = new Set<string>();
  const emmc = await Emmc.open({
    folder,
    sizeBytes: options.emmcSizeBytes,
    layout: system === 'blank' ? undefined : layout,
    seed: serialNumber,
    onWritten: region => {
      note(region, { changed, file });
    },
  });
  const variables = { '.serialno': serialNumber, 'version-bootloader': U_BOOT_VERSION, ...options.variables };
  const { flavour, maxDownloadBytes } = options;
  const memoryFile = join(folder, 'memory');
  const fastboot = await Fastboot.start({ emmc, memoryFile, variables, flavour, maxDownloadBytes, faults });
  const firmware = new Firmware(options, place, { emmc, fastboot, changed });
  try {
    for (const region of await storedChanges(file)) changed.add(region);
    if (emmc.isNew && system === 'installed') await firmware.installSystem(place.release);
    await firmware.reservePorts();
    return firmware;
  } catch (error) {
    await firmware.close();
    throw error;
  }
}

const U_BOOT_VERSION = 'U-Boot 2017.03.3 (mdt virtual board)';

function changedFile({ folder }: FirmwarePlace): string {
  return join(folder, 'changed');
}

/** Kept in a file, because the board may be switched off before the new system boots for the first time. */
function note(region: string, { changed, file }: { changed: Set<string>; file: string }): void {
  if (changed.has(region)) return;
  changed.add(region);
  appendFileSync(file, `${region}\n`);
}

async function storedChanges(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter(line => line !== '');
}

function serialNumberOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}
