// Plugs an emulated device into the kernel's vhci-hcd by the USB/IP protocol (Documentation/usb/usbip_protocol.rst of the
// Linux kernel): one end of a socket goes to the kernel, the device answers on the other. No usbip program is needed.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STATUS, type EmulatedDevice, type Speed, type Transfer } from './emulated-device.js';

const CONTROLLER = '/sys/devices/platform/vhci_hcd.0';
/** enum usb_device_speed of the kernel. */
const SPEEDS: Readonly<Record<Speed, number>> = { full: 2, high: 3, super: 5 };
const HEADER_BYTES = 48;
const COMMAND = { submit: 1, unlink: 2, answerSubmit: 3, answerUnlink: 4 } as const;

export interface Plugged {
  /** As from pulling the cable; resolves when the kernel has let go of it. */
  unplug(): Promise<void>;
}

export async function plugIn(device: EmulatedDevice): Promise<Plugged> {
  const [kernelEnd, ownEnd] = await socketPair();
  const closed = once(ownEnd, 'close');
  new Session(ownEnd, device);
  const port = freePort(device.options.speed);
  // Made before Node had a name for it; there is no other way to the number of the descriptor.
  const { fd } = (kernelEnd as unknown as { _handle: { fd: number } })._handle;
  const deviceId = (1 << 16) | (2 + port);
  writeFileSync(`${CONTROLLER}/attach`, [port, fd, deviceId, SPEEDS[device.options.speed]].join(' '));
  // The kernel holds its own reference.
  kernelEnd.destroy();
  return {
    unplug: async () => {
      // What was answered already is still on its way.
      ownEnd.end(() => ownEnd.destroy());
      await closed;
    },
  };
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

/** A port of the virtual hub; its `status` has lines of `hub port sta spd dev sockfd local_busid`, 004 being free. */
function freePort(speed: Speed): number {
  const hub = speed === 'super' ? 'ss' : 'hs';
  const rows = readFileSync(`${CONTROLLER}/status`, 'utf8')
    .split('\n')
    .map(line => line.trim().split(/\s+/));
  const row = rows.find(([name, , state]) => name === hub && state === '004');
  if (row === undefined) throw new Error('All ports of the virtual hub are taken.');
  return Number(row[1]);
}

class Session {
  readonly #socket: Socket;
  readonly #device: EmulatedDevice;
  readonly #running = new Map<number, Transfer>();
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
    socket.on('close', () => {
      device.reset();
    });
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
    const transfer: Transfer = {
      lengthBytes: header.readInt32BE(24),
      end: (status, answer = Buffer.alloc(0)) => {
        if (!this.#running.delete(sequence)) return;
        const bytes = isIn ? answer.subarray(0, transfer.lengthBytes) : Buffer.alloc(0);
        const actualBytes = isIn ? bytes.length : status === STATUS.ok ? transfer.lengthBytes : 0;
        this.#answer(COMMAND.answerSubmit, { sequence, status, actualBytes, bytes });
      },
    };
    this.#running.set(sequence, transfer);
    if (header.readUInt32BE(16) === 0) {
      const answer = this.#device.control(Buffer.from(header.subarray(40, 48)));
      transfer.end(answer === undefined ? STATUS.stall : STATUS.ok, answer);
    } else if (isIn) this.#device.read(transfer);
    else this.#device.write(transfer, data);
  }

  #unlink(header: Buffer): void {
    const victim = header.readUInt32BE(20);
    const transfer = this.#running.get(victim);
    this.#running.delete(victim);
    if (transfer !== undefined) this.#device.forgetRead(transfer);
    const status = transfer === undefined ? STATUS.ok : STATUS.unlinked;
    this.#answer(COMMAND.answerUnlink, {
      sequence: header.readUInt32BE(4),
      status,
      actualBytes: 0,
      bytes: Buffer.alloc(0),
    });
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
