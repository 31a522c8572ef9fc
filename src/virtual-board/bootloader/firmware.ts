import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pause } from '../../time/deadline.js';
import { writeBlockFiles } from '../block-files.js';
import type { Board, BoardControl } from '../board.js';
import { serveLogin } from '../console/getty.js';
import { bootLines, firstBootLine, SHUTDOWN_LINES } from '../console/kernel-messages.js';
import { ConsoleLine } from '../console/line.js';
import type { Faults } from '../faults.js';
import type { Release, ReleaseName } from '../release.js';
import { abortable } from '../shell/streams.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import { removeFolder } from '../storage/remove-folder.js';
import { BOARD_KINDS, type BoardKind } from './board-kind.js';
import { Emmc } from './emmc.js';
import { Fastboot, requestBootloader, type Restart } from './fastboot.js';
import type { BootloaderOptions } from './options.js';
import { installSystem, releaseOnDisk } from './system-image.js';
import { TcpServer } from './tcp-server.js';
import { UdpServer } from './udp-server.js';
import { runUBoot, type UBootEnd } from './u-boot.js';
import { WrittenRegions } from './written-regions.js';

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
  readonly #kind: BoardKind;
  readonly #changed: WrittenRegions;
  readonly #fastboot: Fastboot;
  readonly #tcp: TcpServer;
  readonly #udp: UdpServer;
  readonly #console: ConsoleLine;
  readonly #options: BootloaderOptions;
  #onRestart: (restart: Restart) => void = () => undefined;
  #uBoot: AbortController | undefined;

  constructor(options: BootloaderOptions, place: FirmwarePlace, parts: Parts) {
    this.#options = options;
    this.#place = place;
    this.emmc = parts.emmc;
    this.#fastboot = parts.fastboot;
    this.#kind = parts.kind;
    this.#changed = parts.changed;
    const { address, faults } = place;
    const onRestart = (): void => {
      if (parts.fastboot.restart !== undefined) this.#onRestart(parts.fastboot.restart);
    };
    const shared = { fastboot: parts.fastboot, address, faults, onRestart };
    this.#tcp = new TcpServer({ ...shared, port: options.fastbootPort ?? 0 });
    this.#udp = new UdpServer({ ...shared, port: options.fastbootUdpPort ?? 0 });
    this.#console = new ConsoleLine(address, options.consolePort ?? 0);
  }

  /** Opens the console, and finds the ports that fastboot is going to have when it runs. */
  async openPorts(): Promise<void> {
    await this.#console.listen();
    await this.#openFastboot();
    await this.#closeFastboot();
  }

  get fastbootPort(): number {
    return this.#tcp.port;
  }

  get fastbootUdpPort(): number {
    return this.#udp.port;
  }

  get consolePort(): number {
    return this.#console.port;
  }

  /** Runs U-Boot until it has decided: `linux` to boot, or it stays for somebody to come. */
  async powerOn(options: { readonly isFirst: boolean }): Promise<'linux' | 'stays'> {
    const controller = new AbortController();
    this.#uBoot = controller;
    const { autobootMs = DEFAULT_AUTOBOOT_MS, fallback = 'fastboot' } = this.#options;
    return await new Promise((resolve, reject) => {
      let stays = false;
      runUBoot({
        emmc: this.emmc,
        version: U_BOOT_VERSION,
        hardwareLines: this.#kind.hardwareLines,
        channel: this.#console.attach(),
        autobootMs: options.isFirst ? 0 : autobootMs,
        fallback,
        fastboot: (signal, onOpen) => this.#runFastboot(signal, onOpen),
        onStay: () => {
          stays = true;
          resolve('stays');
        },
        signal: controller.signal,
      }).then(
        end => {
          if (stays) this.#place.onLeave(end);
          else resolve('linux');
        },
        (error: unknown) => {
          // Switched off: whoever did it knows.
          if (controller.signal.aborted) resolve('stays');
          else reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  /** Ends U-Boot wherever it is, the countdown included. */
  stopUBoot(): void {
    this.#uBoot?.abort();
  }

  async powerOff(): Promise<void> {
    this.stopUBoot();
    this.#console.detach();
    await this.#closeFastboot();
  }

  /** What the kernel says, and on the first boot of a system the scripts that make its keys and names. */
  async bootKernel(
    release: Release,
    options: { readonly isFirst: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    this.#console.print(bootLines(release));
    if (!options.isFirst) return;
    const totalMs = this.#options.firstBootMs ?? 0;
    for (let doneMs = 0; doneMs <= totalMs; doneMs += 1000) {
      this.#console.print(firstBootLine(doneMs / 1000));
      await pause(Math.min(1000, totalMs - doneMs), options.signal);
    }
    this.#console.print('\n[  OK  ] Started Scripts that should be run only once.\n');
  }

  /** The login of the system that runs now, until it goes down. */
  serveLogin(board: Board, control: BoardControl): void {
    // It ends with the line, which it loses with the board; there is nobody to tell.
    serveLogin(board, control, this.#console.attach()).catch(() => undefined);
  }

  sayShutdown(): void {
    this.#console.print(SHUTDOWN_LINES);
  }

  /** Lets fastboot be reached until it is told to leave. */
  async #runFastboot(signal: AbortSignal, onOpen: () => void): Promise<UBootEnd> {
    await this.#openFastboot();
    onOpen();
    try {
      let end: UBootEnd = 'reset';
      await abortable(signal, resolve => {
        this.#onRestart = restart => {
          end = restart === 'continue' ? 'linux' : 'reset';
          resolve();
        };
      });
      return end;
    } catch (error) {
      await this.#closeFastboot();
      throw error;
    }
  }

  /** Lets the system that boots see the eMMC: as big as fastboot says that it is. */
  async showBlockDevice(files: BoardFileSystem): Promise<void> {
    const { variables = {} } = this.#options;
    await writeBlockFiles(files, {
      model: variables['product'] ?? this.#kind.model,
      sizeBytes: Number(variables['.mmc_size'] ?? this.emmc.sizeBytes),
      partitions: (await this.emmc.regions()).filter(({ area }) => area === this.emmc.user),
    });
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
    await this.#changed.forget();
    return { rootfs, home, release };
  }

  /** Puts a system on the eMMC, as `reflash` of the board does. */
  async installSystem(release: ReleaseName): Promise<void> {
    await installSystem(this.emmc, release);
    await this.#changed.forget();
  }

  async close(): Promise<void> {
    await this.powerOff();
    await this.#console.close();
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
}

interface Parts {
  readonly emmc: Emmc;
  readonly fastboot: Fastboot;
  readonly kind: BoardKind;
  readonly changed: WrittenRegions;
}

/** Opens the eMMC, which is made first if it is not there. @throws UsageError, or the host's own error for its ports */
export async function openFirmware(options: BootloaderOptions, place: FirmwarePlace): Promise<Firmware> {
  const { folder, name, faults } = place;
  const kind = BOARD_KINDS[options.kind ?? 'dev-board'];
  const { system = 'installed', layout = kind.layout } = options;
  const { flavour = kind.flavour, maxDownloadBytes = kind.maxDownloadBytes } = options;
  const serialNumber = options.serialNumber ?? kind.serialNumber ?? serialNumberOf(name);
  const changed = new WrittenRegions(join(folder, 'changed'));
  const emmc = await Emmc.open({
    folder,
    sizeBytes: options.emmcSizeBytes,
    layout: system === 'blank' ? undefined : layout,
    places: kind.places,
    seed: serialNumber,
    onWritten: region => {
      changed.add(region);
    },
  });
  const told = flavour === 'lk' ? {} : { 'version-bootloader': U_BOOT_VERSION };
  const variables = { '.serialno': serialNumber, ...told, ...options.variables };
  const memoryFile = join(folder, 'memory');
  const fastboot = await Fastboot.start({ emmc, memoryFile, variables, flavour, maxDownloadBytes, faults });
  const firmware = new Firmware(options, place, { emmc, fastboot, kind, changed });
  try {
    await changed.load();
    if (emmc.isNew && system === 'installed') await firmware.installSystem(place.release);
    await firmware.openPorts();
    return firmware;
  } catch (error) {
    await firmware.close();
    throw error;
  }
}

const DEFAULT_AUTOBOOT_MS = 3000;
const U_BOOT_VERSION = 'U-Boot 2017.03.3 (mdt virtual board)';

function serialNumberOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}
