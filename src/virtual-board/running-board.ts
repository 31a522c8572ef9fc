import type { HostKey } from '../keys/host-key.js';
import { pause } from '../time/deadline.js';
import { readAuthorizedKeys, writeAuthorizedKeys } from './authorized-keys.js';
import type { Board } from './board.js';
import type { Firmware } from './bootloader/firmware.js';
import { clearFiles } from './clear-files.js';
import type { Faults } from './faults.js';
import { MendelSystem } from './mendel-system.js';
import type {
  AnnouncementState,
  BootloaderOptions,
  EmmcFiles,
  PowerState,
  VirtualBoard,
  VirtualBoardOptions,
} from './options.js';
import { releaseOf } from './release.js';
import { removeFolder } from './storage/remove-folder.js';

const DEFAULT_REBOOT_MS = 1000;
/** systemd needs a moment to stop services; the command that asked for the reboot ends meanwhile. */
const SHUTDOWN_MS = 50;

interface Place {
  readonly rootDir: string;
  /** The folder goes with the board. */
  readonly isTemporary: boolean;
}

/** A board that is switched on and off: its system, and what is beneath it. */
export class RunningBoard implements VirtualBoard {
  readonly rootDir: string;
  readonly #board: Board;
  readonly #isTemporary: boolean;
  readonly #rebootMs: number;
  readonly #system: MendelSystem;
  readonly #closing = new AbortController();
  /** Only of a board that was started with a bootloader. */
  #firmware: Firmware | undefined;
  #power: PowerState = 'off';
  /** Ups and downs happen one after the other. */
  #last: Promise<void> = Promise.resolve();

  private constructor(board: Board, options: VirtualBoardOptions, place: Place) {
    this.#board = board;
    this.rootDir = place.rootDir;
    this.#isTemporary = place.isTemporary;
    this.#rebootMs = options.rebootMs ?? DEFAULT_REBOOT_MS;
    this.#system = new MendelSystem(board, options, into => {
      // If its ports are taken meanwhile the board stays off; `power` tells.
      this.#inTurn(() => this.#goDown(into, SHUTDOWN_MS)).catch(() => undefined);
    });
  }

  static async start(board: Board, options: VirtualBoardOptions, place: Place): Promise<RunningBoard> {
    const running = new RunningBoard(board, options, place);
    try {
      await running.#system.install();
      if (options.bootloader !== undefined) await running.#addFirmware(options.bootloader);
      await running.#goUp({ isFirst: true });
      return running;
    } catch (error) {
      await running.close();
      throw error;
    }
  }

  get name(): string {
    return this.#board.name;
  }

  get address(): string {
    return this.#system.address;
  }

  get hostKey(): HostKey {
    return this.#system.hostKey;
  }

  get sshPort(): number {
    return this.#system.sshPort;
  }

  get keymasterPort(): number {
    return this.#system.keymasterPort;
  }

  get fastbootPort(): number | undefined {
    return this.#firmware?.fastbootPort;
  }

  get fastbootUdpPort(): number | undefined {
    return this.#firmware?.fastbootUdpPort;
  }

  get consolePort(): number | undefined {
    return this.#firmware?.consolePort;
  }

  get emmc(): EmmcFiles | undefined {
    const emmc = this.#firmware?.emmc;
    return emmc && { user: emmc.user.path, boot0: emmc.boot0.path, boot1: emmc.boot1.path };
  }

  get power(): PowerState {
    return this.#power;
  }

  get announcement(): AnnouncementState {
    return this.#system.announcement;
  }

  get faults(): Faults {
    return this.#board.faults;
  }

  set faults(faults: Faults) {
    this.#board.faults = faults;
    if (this.#power === 'running') this.#system.listenUnlessRefused().catch(() => undefined);
  }

  authorizedKeys(): Promise<string[]> {
    return readAuthorizedKeys(this.#board.files);
  }

  async setAuthorizedKeys(lines: readonly string[]): Promise<void> {
    await writeAuthorizedKeys(this.#board.files, lines);
    await this.#system.keymaster.settled();
  }

  reboot(into: 'linux' | 'bootloader' = 'linux'): Promise<void> {
    return this.#inTurn(() => this.#goDown(into, 0));
  }

  powerCycle(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#goOff();
      await this.#goUp();
    });
  }

  reflash(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#goOff();
      await clearFiles(this.rootDir, { rootfs: true, home: true });
      await this.#system.install();
      await this.#firmware?.installSystem(this.#board.release.name);
      await this.#goUp();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#firmware?.stopUBoot();
    await this.#inTurn(async () => {
      await this.#goOff();
      this.#system.keymaster.dispose();
      await this.#firmware?.close();
      this.#firmware = undefined;
      if (this.#isTemporary) await removeFolder(this.rootDir);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #addFirmware(options: BootloaderOptions): Promise<void> {
    const { openFirmware } = await import('./bootloader/firmware.js');
    this.#firmware = await openFirmware(options, {
      name: this.name,
      address: this.address,
      folder: `${this.rootDir}.emmc`,
      isTemporary: this.#isTemporary,
      release: this.#board.release.name,
      faults: () => this.faults,
      onLeave: next => {
        this.#inTurn(() => this.#leaveBootloader(next)).catch(() => undefined);
      },
    });
    await this.#system.reservePorts();
  }

  async #goUp(options = { isFirst: false }): Promise<void> {
    if (this.#firmware !== undefined) {
      this.#power = 'rebooting';
      if ((await this.#firmware.powerOn(options)) === 'stays') {
        this.#power = 'bootloader';
        return;
      }
    }
    await this.#bootMendel();
  }

  async #bootMendel(): Promise<void> {
    this.#power = 'rebooting';
    const isFirst = await this.#takeFlashedSystem();
    try {
      await this.#firmware?.showBlockDevice(this.#board.files);
      await this.#firmware?.bootKernel(this.#board.release, { isFirst, signal: this.#closing.signal });
      this.#power = 'running';
      await this.#system.start(this.#firmware?.fastbootPort);
      this.#firmware?.serveLogin(this.#board, this.#system.control);
    } catch (error) {
      await this.#goOff();
      throw error;
    }
  }

  async #goDown(into: 'linux' | 'bootloader', delayMs: number): Promise<void> {
    if (this.#power !== 'running' || !(await this.#pause(delayMs))) return;
    if (into === 'bootloader') await this.#firmware?.requestBootloader();
    this.#firmware?.sayShutdown();
    await this.#goOff();
    if (into === 'bootloader' && this.#firmware === undefined) this.#power = 'bootloader';
    else await this.#comeBack();
  }

  async #leaveBootloader(next: 'linux' | 'reset'): Promise<void> {
    // What the bootloader said last is still on its way.
    if (this.#power !== 'bootloader' || !(await this.#pause(SHUTDOWN_MS))) return;
    await this.#goOff();
    if (next === 'reset') await this.#comeBack();
    else await this.#bootMendel();
  }

  async #comeBack(): Promise<void> {
    if (this.faults.noReturn === true) return;
    this.#power = 'rebooting';
    if (await this.#pause(this.#rebootMs)) await this.#goUp();
  }

  /** False if the board is closed meanwhile: it stays as it is. */
  async #pause(ms: number): Promise<boolean> {
    try {
      await pause(ms, this.#closing.signal);
      return true;
    } catch {
      return false;
    }
  }

  /** Where fastboot has written a system, its files are those of a freshly flashed board; false if it has not. */
  async #takeFlashedSystem(): Promise<boolean> {
    const changes = await this.#firmware?.takeChanges();
    if (changes === undefined || !(changes.rootfs || changes.home)) return false;
    if (changes.release !== undefined) this.#board.release = releaseOf(changes.release);
    await clearFiles(this.rootDir, changes);
    await this.#system.install();
    return changes.rootfs;
  }

  async #goOff(): Promise<void> {
    this.#power = 'off';
    await this.#system.stop();
    await this.#firmware?.powerOff();
  }
}
