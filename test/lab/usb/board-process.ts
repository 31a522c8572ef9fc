// Emulated boards as a process of their own, since a process that talks to a device of its own can wait for itself:
// `node board-process.js` takes a line of JSON for each order (BoardOrder) and prints one when it is done (BoardReport).
import { createInterface } from 'node:readline';
import type { BootloaderOptions, EmmcFiles, PowerState } from '../../../src/virtual-board/virtual-board.js';
import { startVirtualBoard, type VirtualBoard } from '../../../src/virtual-board/virtual-board.js';
import { BareBoard, type BoardBase } from './bare-board.js';
import { ConsoleCable, type ConsoleKind } from './console-cable.js';
import type { DeviceOptions } from './descriptors.js';
import { EmulatedDevice } from './emulated-device.js';
import { FastbootCable, type UsbTrouble } from './fastboot-cable.js';
import { HubPort } from './vhci.js';

export type CableKind = 'fastboot' | ConsoleKind;

export type BoardOrder =
  | StartOrder
  /** Plugs in a device that nothing is behind. */
  | { readonly kind: 'attach'; readonly device: DeviceOptions }
  | { readonly kind: 'plug' | 'unplug'; readonly cable: CableKind }
  | { readonly kind: 'trouble'; readonly trouble: UsbTrouble }
  /** Lines for the board's authorized_keys. */
  | { readonly kind: 'authorize'; readonly keys: readonly string[] }
  | { readonly kind: 'state' | 'close' };

/** Starts a board; as long as it is in fastboot and its cable is in, it is this device. */
export interface StartOrder {
  readonly kind: 'start';
  readonly device: DeviceOptions;
  readonly bootloader: BootloaderOptions;
  /** With all of Mendel, which takes its time. */
  readonly runsMendel: boolean;
}

/** What a board has that runs Mendel. */
export interface MendelState {
  readonly sshPort: number;
  /** Base64 of its blob. */
  readonly hostKey: string;
  readonly authorizedKeys: readonly string[];
}

export interface BoardState {
  /** Commands of fastboot that came over USB. */
  readonly commands: readonly string[];
  /** Packets of length zero that came. */
  readonly emptyPackets: number;
  readonly downloadedBytes: number;
  /** Transfers that the device has left unanswered. */
  readonly heldWrites: number;
  readonly power: PowerState;
  readonly emmc: EmmcFiles | undefined;
  readonly name: string;
  readonly address: string;
  readonly mendel?: MendelState | undefined;
}

export interface BoardReport {
  /** Of the order. */
  readonly id: number;
  readonly state?: BoardState | undefined;
  readonly error?: string | undefined;
}

interface Thing {
  obey(order: BoardOrder): Promise<BoardState | undefined>;
  close(): Promise<void>;
}

class Board implements Thing {
  readonly #board: BoardBase;
  readonly #mendel: VirtualBoard | undefined;
  readonly #fastboot: FastbootCable;
  readonly #consoles = new Map<ConsoleKind, ConsoleCable>();

  private constructor(board: BoardBase, mendel: VirtualBoard | undefined, device: DeviceOptions) {
    this.#board = board;
    this.#mendel = mendel;
    this.#fastboot = new FastbootCable(board, device);
  }

  static async start({ bootloader, device, runsMendel }: StartOrder): Promise<Board> {
    const mendel = runsMendel
      ? await startVirtualBoard({ name: 'swift-otter', announce: false, bootloader })
      : undefined;
    return new Board(mendel ?? (await BareBoard.start(bootloader)), mendel, device);
  }

  async obey(order: BoardOrder): Promise<BoardState | undefined> {
    switch (order.kind) {
      case 'plug':
        if (order.cable === 'fastboot') await this.#fastboot.plug();
        else await this.#console(order.cable).plug();
        break;
      case 'unplug':
        await (order.cable === 'fastboot' ? this.#fastboot : this.#console(order.cable)).unplug();
        break;
      case 'trouble':
        this.#fastboot.trouble = order.trouble;
        this.#fastboot.strike();
        break;
      case 'authorize':
        await this.#mendel?.setAuthorizedKeys(order.keys);
        break;
      case 'close':
        await this.close();
        return undefined;
      case 'start':
        await this.#fastboot.plug();
        break;
      case 'attach':
      case 'state':
        break;
    }
    return await this.#state();
  }

  async close(): Promise<void> {
    await this.#fastboot.close();
    for (const cable of this.#consoles.values()) await cable.close();
    await this.#board.close();
  }

  #console(kind: ConsoleKind): ConsoleCable {
    const cable = this.#consoles.get(kind) ?? new ConsoleCable(this.#board, kind);
    this.#consoles.set(kind, cable);
    return cable;
  }

  async #state(): Promise<BoardState> {
    const { commands, emptyPackets, downloadedBytes, heldWrites } = this.#fastboot;
    const { power, emmc, name, address } = this.#board;
    const mendel = this.#mendel && {
      sshPort: this.#mendel.sshPort,
      hostKey: this.#mendel.hostKey.blob.toString('base64'),
      authorizedKeys: await this.#mendel.authorizedKeys(),
    };
    return { commands, emptyPackets, downloadedBytes, heldWrites, power, emmc, name, address, mendel };
  }
}

class Attached implements Thing {
  readonly #port: HubPort;

  private constructor(port: HubPort) {
    this.#port = port;
  }

  static async plugIn(device: DeviceOptions): Promise<Attached> {
    const port = HubPort.take(device.speed);
    await port.plugIn(new EmulatedDevice(device));
    return new Attached(port);
  }

  async obey({ kind }: BoardOrder): Promise<undefined> {
    if (kind === 'close') await this.close();
  }

  async close(): Promise<void> {
    await this.#port.unplug();
    this.#port.release();
  }
}

async function make(order: BoardOrder): Promise<Thing | undefined> {
  if (order.kind === 'attach') return await Attached.plugIn(order.device);
  return order.kind === 'start' ? await Board.start(order) : undefined;
}

const things = new Map<number, Thing>();

async function obey(thing: number, order: BoardOrder): Promise<BoardState | undefined> {
  const made = await make(order);
  if (made !== undefined) things.set(thing, made);
  const state = await things.get(thing)?.obey(order);
  if (order.kind === 'close') things.delete(thing);
  return state;
}

for await (const line of createInterface({ input: process.stdin })) {
  // Written by the tests that started this.
  const { id, thing, order } = JSON.parse(line) as { id: number; thing: number; order: BoardOrder };
  const report: BoardReport = await obey(thing, order).then(
    state => ({ id, state }),
    (error: unknown) => ({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
for (const thing of things.values()) await thing.close();
