import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { listSerialPorts } from '../../../src/discovery/serial-ports.js';
import { listUsbDevices } from '../../../src/discovery/usb-devices.js';
import { listFastbootBoards, type FastbootBoard } from '../../../src/bootloader/fastboot-boards.js';
import { withDeadline } from '../../../src/time/deadline.js';
import { until } from '../../../src/time/retry.js';
import type { BootloaderOptions } from '../../../src/virtual-board/virtual-board.js';
import { SMALL_BOARD } from '../../flash/release.js';
import type { BoardOrder, BoardReport, BoardState, CableKind } from './board-process.js';
import type { ConsoleKind } from './console-cable.js';
import type { DeviceOptions } from './descriptors.js';

const PROGRAM = fileURLToPath(new URL('board-process.js', import.meta.url));
const TIMEOUT_MS = 120_000;
const POLL_MS = 50;

/** How a Dev Board shows itself in fastboot. */
const DEV_BOARD: DeviceOptions = {
  speed: 'high',
  vendorId: 0x0525,
  productId: 0xa4a5,
  serialNumber: '1b0741d6f0609912',
  interfaces: [{ interfaceClass: [0xff, 0x42, 0x03], bulk: 1 }],
};

export interface BoardPlan {
  readonly device?: Partial<DeviceOptions>;
  /** Default: a small eMMC with partitions and nothing in them. */
  readonly bootloader?: BootloaderOptions;
  readonly runsMendel?: boolean;
}

/** The process that the boards of all tests live in: to start one takes seconds in the virtual machine. */
export class Workbench implements AsyncDisposable {
  readonly #process = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  readonly #reports = new EventEmitter();
  #orders = 0;
  #things = 0;

  constructor() {
    createInterface({ input: this.#process.stdout }).on('line', line => {
      const report = JSON.parse(line) as BoardReport;
      this.#reports.emit(String(report.id), report);
    });
  }

  /**
   * A board that is in fastboot, having nothing to boot; default: a Dev Board at high speed. Resolves when this host has
   * met it.
   */
  async plugIn(device: Partial<DeviceOptions> = {}): Promise<EmulatedBoard> {
    const known = new Set((await listFastbootBoards()).map(board => board.connection));
    const board = await this.start({ device });
    await board.arrives(known);
    return board;
  }

  /** A board that need not be in fastboot. Its USB cable is in. */
  async start({ device: differences, bootloader, runsMendel = false }: BoardPlan): Promise<EmulatedBoard> {
    const device = { ...DEV_BOARD, ...differences };
    const { serialNumber } = device;
    const board = new EmulatedBoard(this, this.#things++);
    const plain = { ...SMALL_BOARD, system: 'none', layout: 'no-home', serialNumber } as const;
    await board.order({ kind: 'start', device, runsMendel, bootloader: { ...plain, ...bootloader } });
    return board;
  }

  /** Plugs in what is no board that can be spoken to. */
  async attach(device: Pick<DeviceOptions, 'vendorId' | 'productId' | 'interfaces'>): Promise<AsyncDisposable> {
    const thing = this.#things++;
    await this.order(thing, { kind: 'attach', device: { ...DEV_BOARD, ...device } });
    await until({ intervalMs: POLL_MS, signal: AbortSignal.timeout(TIMEOUT_MS) }, async () =>
      (await listUsbDevices()).find(({ vendorId }) => vendorId === device.vendorId),
    );
    return {
      [Symbol.asyncDispose]: async () => {
        await this.order(thing, { kind: 'close' });
      },
    };
  }

  /** Gives an order and waits until it is done. */
  async order(thing: number, order: BoardOrder): Promise<BoardState | undefined> {
    const id = this.#orders++;
    const operation = `waiting for the order ${order.kind} to be done`;
    const done = withDeadline({ operation, timeoutMs: TIMEOUT_MS }, signal =>
      once(this.#reports, String(id), { signal }),
    );
    this.#process.stdin.write(`${JSON.stringify({ id, thing, order })}\n`);
    const [{ state, error }] = (await done) as [BoardReport];
    if (error !== undefined) throw new Error(error);
    return state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    await ended;
  }
}

export class EmulatedBoard implements AsyncDisposable {
  /** As discovery saw it when it was plugged in last. */
  found: FastbootBoard | undefined;
  readonly #bench: Workbench;
  readonly #number: number;

  constructor(bench: Workbench, number: number) {
    this.#bench = bench;
    this.#number = number;
  }

  get seen(): FastbootBoard {
    if (this.found === undefined) throw new Error('The board was never seen in fastboot.');
    return this.found;
  }

  get selector(): string {
    return `usb:${this.seen.route.usbPort ?? ''}`;
  }

  async state(): Promise<BoardState> {
    return await this.order({ kind: 'state' });
  }

  async order(order: BoardOrder): Promise<BoardState> {
    const state = await this.#bench.order(this.#number, order);
    if (state === undefined) throw new Error('The board told no state.');
    return state;
  }

  /** Pulls a cable, or puts it in again where it was, and waits until this host has noticed. */
  async unplug(cable: CableKind = 'fastboot'): Promise<void> {
    await this.order({ kind: 'unplug', cable });
    if (cable === 'fastboot') await this.#untilGone();
  }

  async plug(): Promise<void> {
    const known = new Set((await listFastbootBoards()).map(board => board.connection));
    await this.order({ kind: 'plug', cable: 'fastboot' });
    await this.arrives(known);
  }

  /** Connects its serial console; resolves with the paths of the ports that it brings, by the number of their interface. */
  async plugConsole(cable: ConsoleKind): Promise<string[]> {
    const before = new Set((await listSerialPorts()).map(({ path }) => path));
    await this.order({ kind: 'plug', cable });
    const count = cable === 'cp2105' ? 2 : 1;
    return await until({ intervalMs: POLL_MS, signal: AbortSignal.timeout(TIMEOUT_MS) }, async () => {
      const paths = (await listSerialPorts()).map(({ path }) => path).filter(path => !before.has(path));
      return paths.length === count ? paths.sort() : undefined;
    });
  }

  /** Waits until a board is in fastboot that is none of those. */
  async arrives(known: ReadonlySet<string | undefined>): Promise<void> {
    this.found = await until({ intervalMs: POLL_MS, signal: AbortSignal.timeout(TIMEOUT_MS) }, async () =>
      (await listFastbootBoards()).find(({ connection }) => !known.has(connection)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bench.order(this.#number, { kind: 'close' });
    await this.#untilGone();
  }

  async #untilGone(): Promise<void> {
    await until({ intervalMs: POLL_MS, signal: AbortSignal.timeout(TIMEOUT_MS) }, async () => {
      const boards = await listFastbootBoards();
      return boards.some(({ route }) => route.usbPort === this.found?.route.usbPort) ? undefined : true;
    });
  }
}
