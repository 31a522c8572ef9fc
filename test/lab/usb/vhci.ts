// Plugs an emulated device into the kernel's vhci-hcd by the USB/IP protocol (Documentation/usb/usbip_protocol.rst of the
// Linux kernel): one end of a socket goes to the kernel, the device answers on the other. No usbip program is needed.
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../../src/time/retry.js';
import type { Speed } from './descriptors.js';
import type { EmulatedDevice } from './emulated-device.js';
import { STATUS, type Pipe, type Transfer } from './pipe.js';

const CONTROLLER = '/sys/devices/platform/vhci_hcd.0';
const DEVICES = '/sys/bus/usb/devices';
/** enum usb_device_speed of the kernel. */
const SPEEDS: Readonly<Record<Speed, number>> = { full: 2, high: 3, super: 5 };
const HEADER_BYTES = 48;
/** A port to which nothing is attached, in the words of the kernel. */
const FREE = '004';
/** Its name for a device that has no address yet; no folder is called that. */
const NOWHERE = '0-0';
const TIMEOUT_MS = 120_000;
const COMMAND = { submit: 1, unlink: 2, answerSubmit: 3, answerUnlink: 4 } as const;

/** Ports that somebody has, even if nothing is plugged in there now. */
const taken = new Set<number>();

/** A port of the virtual hub. Like a socket it is one place: what is pulled out and put in again is where it was. */
export class HubPort {
  readonly #port: number;
  #ownEnd: Socket | undefined;

  private constructor(port: number) {
    this.#port = port;
    taken.add(port);
  }

  static take(speed: Speed): HubPort {
    const hub = speed === 'super' ? 'ss' : 'hs';
    const row = readPorts().find(([name, port]) => name === hub && !taken.has(Number(port)));
    if (row === undefined) throw new Error('All ports of the virtual hub are taken.');
    return new HubPort(Number(row[1]));
  }

  async plugIn(device: EmulatedDevice): Promise<void> {
    const [kernelEnd, ownEnd] = await socketPair();
    new Session(ownEnd, device);
    // Made before Node had a name for it; there is no other way to the number of the descriptor.
    const { fd } = (kernelEnd as unknown as { _handle: { fd: number } })._handle;
    const deviceId = (1 << 16) | (2 + this.#port);
    writeFileSync(`${CONTROLLER}/attach`, [this.#port, fd, deviceId, SPEEDS[device.options.speed]].join(' '));
    // The kernel holds its own reference.
    kernelEnd.destroy();
    this.#ownEnd = ownEnd;
  }

  /**
   * As from pulling the cable, if one is in. Resolves when the kernel has let go of the device and its hub has noticed: if
   * one like it were there by the time that the hub looks, it would be taken for the same, since vhci-hcd leaves the port
   * enabled.
   */
  async unplug(): Promise<void> {
    const ownEnd = this.#ownEnd;
    this.#ownEnd = undefined;
    if (ownEnd === undefined) return;
    const folder = join(DEVICES, this.#row()?.[6] ?? NOWHERE);
    const closed = once(ownEnd, 'close');
    // What was answered already is still on its way.
    ownEnd.end(() => ownEnd.destroy());
    await closed;
    await until({ intervalMs: 20, signal: AbortSignal.timeout(TIMEOUT_MS) }, () =>
      Promise.resolve((this.#row()?.[2] === FREE && !existsSync(folder)) || undefined),
    );
  }

  /** Leaves the port to others. */
  release(): void {
    taken.delete(this.#port);
  }

  #row(): string[] | undefined {
    return readPorts().find(([, port]) => Number(port) === this.#port);
  }
}

/** The kernel tells them as lines of `hub port sta spd dev sockfd local_busid`. */
function readPorts(): string[][] {
  return readFileSync(`${CONTROLLER}/status`, 'utf8')
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(([hub]) => hub === 'hs' || hub === 'ss');
}

async function socketPair(): Promise<[Socket, Socket]> {
  const path = join(tmpdir(), `vhci-${String(process.pid)}-${String(performance.now())}`);
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const kernelEnd = connect(path);
  await once(kernelEnd, 'connect');
  kernelEnd.pause();
  const [ownEnd] = await accepted;
  server.close();
  await rm(path, { force: true });
  return [kernelEnd, ownEnd];
}

class Session {
  readonly #socket: Socket;
  readonly #device: EmulatedDevice;
  readonly #running = new Map<number, { readonly transfer: Transfer; readonly pipe: Pipe }>();
  /** What each pipe was read last. */
  readonly #lastRead = new Map<Pipe, { readonly sequence: number; readonly data: Buffer }>();
  #received: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, device: EmulatedDevice) {
    this.#socket = socket;
    this.#device = device;
    const pieces: Buffer[] = [];
    let haveBytes = 0;
    let wantBytes = HEADER_BYTES;
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      haveBytes += piece.length;
      if (haveBytes < wantBytes) return;
      this.#received = Buffer.concat(pieces);
      pieces.length = 0;
      wantBytes = this.#takeRequests();
      pieces.push(this.#received);
      haveBytes = this.#received.length;
    });
    socket.on('error', () => undefined);
  }

  /** Takes the whole requests that have come; returns how many bytes the next one needs. */
  #takeRequests(): number {
    for (;;) {
      if (this.#received.length < HEADER_BYTES) return HEADER_BYTES;
      const header = this.#received.subarray(0, HEADER_BYTES);
      const isOut = header.readUInt32BE(0) === COMMAND.submit && header.readUInt32BE(12) === 0;
      const totalBytes = HEADER_BYTES + (isOut ? header.readInt32BE(24) : 0);
      if (this.#received.length < totalBytes) return totalBytes;
      const data = Buffer.from(this.#received.subarray(HEADER_BYTES, totalBytes));
      this.#received = this.#received.subarray(totalBytes);
      if (header.readUInt32BE(0) === COMMAND.unlink) this.#unlink(header);
      else this.#submit(header, data);
    }
  }

  #submit(header: Buffer, data: Buffer): void {
    const sequence = header.readUInt32BE(4);
    const isIn = header.readUInt32BE(12) === 1;
    const endpoint = header.readUInt32BE(16);
    const pipe = this.#device.pipe(endpoint);
    const transfer: Transfer = {
      lengthBytes: header.readInt32BE(24),
      end: (status, answer = Buffer.alloc(0)) => {
        if (!this.#running.delete(sequence)) return;
        const bytes = isIn ? answer.subarray(0, transfer.lengthBytes) : Buffer.alloc(0);
        const actualBytes = isIn ? bytes.length : status === STATUS.ok ? transfer.lengthBytes : 0;
        if (isIn) this.#lastRead.set(pipe, { sequence, data: bytes });
        this.#answer(COMMAND.answerSubmit, { sequence, status, actualBytes, bytes });
      },
    };
    this.#running.set(sequence, { transfer, pipe });
    if (endpoint === 0) {
      const answer = this.#device.control(Buffer.from(header.subarray(40, 48)));
      transfer.end(answer === undefined ? STATUS.stall : STATUS.ok, answer);
    } else if (isIn) pipe.read(transfer);
    else pipe.write(transfer, data);
  }

  #unlink(header: Buffer): void {
    const victim = header.readUInt32BE(20);
    const running = this.#running.get(victim);
    this.#running.delete(victim);
    running?.pipe.forget(running.transfer);
    if (running === undefined) this.#takeBack(victim);
    const status = running === undefined ? STATUS.ok : STATUS.unlinked;
    this.#answer(COMMAND.answerUnlink, {
      sequence: header.readUInt32BE(4),
      status,
      actualBytes: 0,
      bytes: Buffer.alloc(0),
    });
  }

  /**
   * The kernel calls off only reads of which it has no answer yet: the answer that was on its way is lost there. On a wire
   * it would not have been acknowledged, and would come again.
   */
  #takeBack(sequence: number): void {
    for (const [pipe, last] of this.#lastRead) {
      if (last.sequence === sequence && last.data.length > 0) pipe.sendAgain(last.data);
    }
  }

  #answer(command: number, answer: { sequence: number; status: number; actualBytes: number; bytes: Buffer }): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(command, 0);
    header.writeUInt32BE(answer.sequence, 4);
    header.writeInt32BE(answer.status, 20);
    header.writeInt32BE(answer.actualBytes, 24);
    this.#socket.write(answer.bytes.length === 0 ? header : Buffer.concat([header, answer.bytes]));
  }
}
