// The USB cable of a virtual board that is in fastboot: what its bootloader speaks over TCP goes over an emulated device.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { pause } from '../../../src/time/deadline.js';
import { until } from '../../../src/time/retry.js';
import type { BoardBase } from './bare-board.js';
import type { DeviceOptions } from './descriptors.js';
import { EmulatedDevice } from './emulated-device.js';
import type { Pipe } from './pipe.js';
import { HubPort } from './vhci.js';

/** What goes wrong with USB itself, below fastboot. */
export type UsbTrouble =
  /** The endpoint is halted instead of an answer to the next command. */
  | { readonly kind: 'stall' }
  /** The next command is not answered. */
  | { readonly kind: 'mute' }
  /** Nothing is taken any more after that many bytes of downloads, commands neither. */
  | { readonly kind: 'deaf'; readonly atBytes: number }
  /** The cable is pulled then. */
  | { readonly kind: 'unplug'; readonly atBytes: number };

const HANDSHAKE = 'FB01';
const LENGTH_BYTES = 8;
const RETRY_MS = 50;
/** A host that has not read the last answer by then is not going to. */
const LAST_ANSWER_MS = 10_000;

export class FastbootCable {
  /** All that came over it, in order. */
  readonly commands: string[] = [];
  /** Packets of length zero that came. */
  emptyPackets = 0;
  downloadedBytes = 0;
  trouble: UsbTrouble | undefined;
  readonly #board: BoardBase;
  readonly #options: DeviceOptions;
  readonly #port: HubPort;
  #pipe: Pipe | undefined;
  #announcedBytes = 0;
  #pulled: AbortController | undefined;
  #carrying: Promise<void> = Promise.resolve();

  constructor(board: BoardBase, options: DeviceOptions) {
    this.#board = board;
    this.#options = options;
    this.#port = HubPort.take(options.speed);
  }

  get heldWrites(): number {
    return this.#pipe?.heldWrites ?? 0;
  }

  /** From now on the device is there whenever the board is in fastboot. */
  async plug(): Promise<void> {
    await this.#carrying;
    const pulled = new AbortController();
    this.#pulled = pulled;
    this.#carrying = this.#carryAll(pulled.signal);
  }

  async unplug(): Promise<void> {
    this.#pulled?.abort();
    await this.#carrying;
  }

  async close(): Promise<void> {
    await this.unplug();
    this.#port.release();
  }

  async #carryAll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const socket = await until({ intervalMs: RETRY_MS, signal }, () => this.#reach()).catch((error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      });
      if (socket !== undefined) await this.#carry(socket, signal);
    }
  }

  /** A connection to the board's fastboot; undefined while it is not there. */
  async #reach(): Promise<Socket | undefined> {
    const socket = connect(this.#board.fastbootPort ?? 0, this.#board.address);
    try {
      await once(socket, 'connect');
      socket.write(HANDSHAKE);
      const ended = once(socket, 'close').then(() => 'closed' as const);
      const greeted = (await Promise.race([once(socket, 'readable'), ended])) !== 'closed';
      if (greeted && String(socket.read(HANDSHAKE.length)) === HANDSHAKE) return socket;
    } catch {
      // Refused: it does something else.
    }
    socket.destroy();
    return undefined;
  }

  /** Until the board restarts or the cable is pulled. */
  async #carry(socket: Socket, signal: AbortSignal): Promise<void> {
    const device = new EmulatedDevice(this.#options);
    const pipe = device.pipe(1);
    this.#pipe = pipe;
    this.#announcedBytes = 0;
    socket.on('error', () => undefined);
    const ended = new Promise<void>(resolve => {
      const onPulled = (): void => {
        resolve();
      };
      if (signal.aborted) onPulled();
      signal.addEventListener('abort', onPulled, { once: true });
      socket.once('close', () => {
        signal.removeEventListener('abort', onPulled);
        resolve();
      });
    });
    pipe.onData = data => {
      this.#take(data, socket, pipe);
    };
    onPackets(socket, packet => {
      pipe.send(packet);
    });
    await this.#port.plugIn(device);
    await ended;
    // A board that restarts has said so before.
    if (!signal.aborted) await Promise.race([pipe.drained(), pause(LAST_ANSWER_MS, signal).catch(() => undefined)]);
    socket.destroy();
    await this.#port.unplug();
  }

  #take(data: Buffer, socket: Socket, pipe: Pipe): void {
    if (data.length === 0) {
      this.emptyPackets++;
      return;
    }
    if (this.#announcedBytes > 0) this.#takeData(data, pipe);
    else if (this.#takeCommand(data.toString('latin1'), pipe) === 'lost') return;
    const header = Buffer.alloc(LENGTH_BYTES);
    header.writeBigUInt64BE(BigInt(data.length));
    socket.write(Buffer.concat([header, data]));
  }

  #takeCommand(command: string, pipe: Pipe): 'passed on' | 'lost' {
    this.commands.push(command);
    const { trouble } = this;
    if (trouble?.kind === 'stall' || trouble?.kind === 'mute') {
      this.trouble = undefined;
      if (trouble.kind === 'stall') pipe.stall();
      return 'lost';
    }
    if (command.startsWith('download:')) this.#announcedBytes = Number.parseInt(command.slice('download:'.length), 16);
    return 'passed on';
  }

  #takeData(data: Buffer, pipe: Pipe): void {
    this.#announcedBytes -= data.length;
    this.downloadedBytes += data.length;
    this.strike(pipe);
  }

  /** Lets the trouble happen if it is due. */
  strike(pipe: Pipe | undefined = this.#pipe): void {
    const { trouble } = this;
    if (trouble === undefined || !('atBytes' in trouble) || this.downloadedBytes < trouble.atBytes) return;
    this.trouble = undefined;
    if (trouble.kind === 'unplug') this.#pulled?.abort();
    else if (pipe !== undefined) pipe.isDeaf = true;
  }
}

/** Calls `listener` with what stands between the lengths of fastboot over TCP. */
function onPackets(socket: Socket, listener: (packet: Buffer) => void): void {
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (piece: Buffer) => {
    received = Buffer.concat([received, piece]);
    while (received.length >= LENGTH_BYTES) {
      const endBytes = LENGTH_BYTES + Number(received.readBigUInt64BE());
      if (received.length < endBytes) break;
      listener(received.subarray(LENGTH_BYTES, endBytes));
      received = received.subarray(endBytes);
    }
  });
}
