import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { listFastbootBoards, type FastbootBoard } from '../../../src/power/fastboot-boards.js';
import { withDeadline } from '../../../src/time/deadline.js';
import { until } from '../../../src/time/retry.js';
import type { BoardEvent, BoardOrder } from './board-process.js';
import type { BootloaderState } from './emulated-bootloader.js';
import type { DeviceOptions } from './emulated-device.js';

const PROGRAM = fileURLToPath(new URL('board-process.js', import.meta.url));
const TIMEOUT_MS = 60_000;

/** The process that the boards of all tests live in: to start one takes seconds in the virtual machine. */
export class Workbench implements AsyncDisposable {
  readonly #process = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  readonly #events = new EventEmitter();
  #boards = 0;

  constructor() {
    createInterface({ input: this.#process.stdout }).on('line', line => {
      const event = JSON.parse(line) as BoardEvent;
      this.#events.emit(`${String(event.board)} ${event.event}`, event);
    });
  }

  /** Plugs in a board that is in fastboot; default: a Dev Board at high speed. Resolves when this host has met it. */
  async plugIn(options: Partial<DeviceOptions> = {}): Promise<EmulatedBoard> {
    const device: DeviceOptions = {
      speed: 'high',
      vendorId: 0x0525,
      productId: 0xa4a5,
      serialNumber: '1b0741d6f0609912',
      interfaceClass: [0xff, 0x42, 0x03],
      ...options,
    };
    const known = new Set((await listFastbootBoards()).map(board => board.connection));
    const board = new EmulatedBoard(this, this.#boards++);
    await board.order('plug', 'plugged', { device });
    if (device.interfaceClass[0] !== 0xff) return board;
    await until({ intervalMs: 50, signal: AbortSignal.timeout(TIMEOUT_MS) }, async () => {
      board.found = (await listFastbootBoards()).find(({ connection }) => !known.has(connection));
      return board.found;
    });
    return board;
  }

  /** Gives an order and waits for what it leads to. */
  async order(order: BoardOrder, outcome: BoardEvent['event']): Promise<BoardEvent> {
    const happened = this.event(order.board, outcome);
    this.#process.stdin.write(`${JSON.stringify(order)}\n`);
    return await happened;
  }

  async event(board: number, event: BoardEvent['event']): Promise<BoardEvent> {
    const operation = `waiting for an emulated board to be ${event}`;
    const [told] = (await withDeadline({ operation, timeoutMs: TIMEOUT_MS }, signal =>
      once(this.#events, `${String(board)} ${event}`, { signal }),
    )) as [BoardEvent];
    return told;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    await ended;
  }
}

export class EmulatedBoard implements AsyncDisposable {
  /** As discovery has seen it when it was plugged in. */
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

  async state(): Promise<BootloaderState> {
    const { state } = await this.order('state', 'state');
    if (state === undefined) throw new Error('The board told no state.');
    return state;
  }

  async order(
    order: BoardOrder['order'],
    outcome: BoardEvent['event'],
    more: Pick<BoardOrder, 'device' | 'bytes'> = {},
  ): Promise<BoardEvent> {
    return await this.#bench.order({ board: this.#number, order, ...more }, outcome);
  }

  /** Unplugs it, unless a test has done so, and waits until this host has noticed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const places = async (): Promise<boolean> =>
      (await listFastbootBoards()).some(({ route }) => route.usbPort === this.found?.route.usbPort);
    if (this.found === undefined || (await places())) await this.order('unplug', 'unplugged');
    await until({ intervalMs: 50, signal: AbortSignal.timeout(TIMEOUT_MS) }, async () =>
      (await places()) ? undefined : true,
    );
  }
}
