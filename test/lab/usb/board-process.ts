// Emulated boards as a process of their own, since a process that talks to a device of its own can wait for itself:
// `node board-process.js` takes a line of JSON for each order (BoardOrder) and prints one for whatever happens (BoardEvent).
import { createInterface } from 'node:readline';
import { EmulatedBootloader, type BootloaderState } from './emulated-bootloader.js';
import { EmulatedDevice, type DeviceOptions } from './emulated-device.js';
import { plugIn, type Plugged } from './vhci.js';

export interface BoardOrder {
  /** Which board; a number of the sender's. */
  readonly board: number;
  readonly order: 'plug' | 'unplug' | 'unplug-at' | 'state';
  /** Of a board that is plugged in for the first time. */
  readonly device?: DeviceOptions | undefined;
  /** `unplug-at`: how much of a download it lets through. */
  readonly bytes?: number | undefined;
}

export interface BoardEvent {
  readonly board: number;
  readonly event: 'plugged' | 'unplugged' | 'ready' | 'state';
  readonly state?: BootloaderState | undefined;
}

class Board {
  readonly #number: number;
  readonly #device: DeviceOptions;
  #unplugAtBytes = Infinity;
  #plugged: Plugged | undefined;
  #bootloader: EmulatedBootloader | undefined;

  constructor(number: number, device: DeviceOptions) {
    this.#number = number;
    this.#device = device;
  }

  async obey({ order, bytes = Infinity }: BoardOrder): Promise<void> {
    if (order === 'plug') await this.#plug();
    else if (order === 'unplug') await this.unplug();
    else if (order === 'state') this.#tell('state', this.#bootloader?.state);
    else {
      this.#unplugAtBytes = bytes;
      this.#tell('ready');
    }
  }

  async unplug(): Promise<void> {
    const plugged = this.#plugged;
    this.#plugged = undefined;
    if (plugged === undefined) return;
    await plugged.unplug();
    this.#tell('unplugged');
  }

  async #plug(): Promise<void> {
    const device = new EmulatedDevice(this.#device);
    this.#bootloader = new EmulatedBootloader(device, {
      serialNumber: this.#device.serialNumber,
      onReboot: () => void this.unplug().then(() => this.#plug()),
      onDownload: receivedBytes => {
        if (receivedBytes >= this.#unplugAtBytes) void this.unplug();
      },
    });
    this.#plugged = await plugIn(device);
    this.#tell('plugged');
  }

  #tell(event: BoardEvent['event'], state?: BootloaderState): void {
    const told: BoardEvent = { board: this.#number, event, state };
    process.stdout.write(`${JSON.stringify(told)}\n`);
  }
}

const boards = new Map<number, Board>();
for await (const line of createInterface({ input: process.stdin })) {
  // Written by the tests that started this.
  const order = JSON.parse(line) as BoardOrder;
  if (order.device !== undefined) boards.set(order.board, new Board(order.board, order.device));
  await boards.get(order.board)?.obey(order);
}
for (const board of boards.values()) await board.unplug();
