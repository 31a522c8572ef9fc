// A board without a system: the eMMC, U-Boot and fastboot of a virtual board, which start twenty times as fast as all of it.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../../../src/time/deadline.js';
import { openFirmware, type Firmware } from '../../../src/virtual-board/bootloader/firmware.js';
import type {
  BootloaderOptions,
  EmmcFiles,
  PowerState,
  VirtualBoard,
} from '../../../src/virtual-board/virtual-board.js';

/** What there is of a board beneath its system. */
export type BoardBase = Pick<
  VirtualBoard,
  'name' | 'address' | 'power' | 'emmc' | 'fastbootPort' | 'consolePort' | 'close'
>;

const NAME = 'swift-otter';
const ADDRESS = '127.0.0.1';
/** Time for what the bootloader said last. */
const SHUTDOWN_MS = 50;
const REBOOT_MS = 200;

export class BareBoard implements BoardBase {
  readonly name = NAME;
  readonly address = ADDRESS;
  power: PowerState = 'off';
  readonly #firmware: Firmware;
  readonly #closing = new AbortController();
  #last: Promise<void> = Promise.resolve();

  private constructor(firmware: Firmware) {
    this.#firmware = firmware;
  }

  static async start(options: BootloaderOptions): Promise<BareBoard> {
    const folder = await mkdtemp(join(tmpdir(), 'mdt-lab-board-'));
    const firmware = await openFirmware(options, {
      ...{ name: NAME, address: ADDRESS, folder, isTemporary: true, release: 'eagle' },
      faults: () => ({}),
      onLeave: next => {
        board.#last = board.#leave(next);
      },
    });
    const board = new BareBoard(firmware);
    await board.#goUp({ isFirst: true });
    return board;
  }

  get emmc(): EmmcFiles {
    const { user, boot0, boot1 } = this.#firmware.emmc;
    return { user: user.path, boot0: boot0.path, boot1: boot1.path };
  }

  get fastbootPort(): number {
    return this.#firmware.fastbootPort;
  }

  get consolePort(): number {
    return this.#firmware.consolePort;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#firmware.stopUBoot();
    await this.#last;
    await this.#firmware.close();
  }

  /** `running`: it has booted what is on it, which is nothing that could run here. */
  async #goUp(options: { readonly isFirst: boolean }): Promise<void> {
    this.power = 'rebooting';
    this.power = (await this.#firmware.powerOn(options)) === 'stays' ? 'bootloader' : 'running';
  }

  async #leave(next: 'linux' | 'reset'): Promise<void> {
    try {
      await pause(SHUTDOWN_MS, this.#closing.signal);
      await this.#firmware.powerOff();
      this.power = next === 'reset' ? 'off' : 'running';
      if (next === 'linux') return;
      await pause(REBOOT_MS, this.#closing.signal);
      await this.#goUp({ isFirst: false });
    } catch (error) {
      if (!this.#closing.signal.aborted) throw error;
    }
  }
}
