import { formatFastbootTarget, type UsbTarget } from '../device/fastboot-target.js';
import { FASTBOOT_INTERFACE, usbPortPath } from '../device/usb-ids.js';
import { DeviceNotFoundError, TransportError } from '../errors.js';
import { throwIfAborted, withDeadline, type Deadline } from '../time/deadline.js';
import type { Transport } from './transport.js';
import { isStall, isTransferTimeout, NO_USB_HINT, usbError } from './usb-errors.js';
import type { UsbDevice, UsbEndpoint, UsbPackage } from './usb-package.js';

/*
 * Fastboot over USB, from AOSP's fastboot/README.md: one interface of class ff/42/03 with a bulk endpoint each way. A
 * command, an answer, and what one download moves are a transfer each; nothing marks their ends but short packets, so a
 * packet of length zero would be taken for a command, and none is ever sent.
 */

/** One request to the kernel: large, so that the wire is never idle, and well below what usbfs has memory for (16 MiB). */
const DATA_PACKET_BYTES = 1024 * 1024;
/** Answers have up to 256 bytes, but bootloaders are not careful, and what comes beyond a read is lost. */
const LEAST_READ_BYTES = 512;
/**
 * A read cannot be called off, and closing waits for it, so each is asked for so long and then again. Not shorter: the
 * kernel drops what comes in the very moment in which the time of a read is over.
 */
const READ_SLICE_MS = 1000;
/** For what only waits for the system: opening, claiming. */
const SETUP_TIMEOUT_MS = 15_000;
/**
 * Longest wait of a close for what is under way: longer than any read. A write that the board does not take goes on until
 * its own time is over or this process ends, and the interface stays claimed for so long.
 */
const LET_GO_MS = 2 * READ_SLICE_MS;

export interface UsbOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: the package `usb`, loaded now. */
  readonly load?: (() => Promise<UsbPackage>) | undefined;
}

interface Pipes {
  readonly interfaceNumber: number;
  readonly in: UsbEndpoint;
  readonly out: UsbEndpoint;
}

export class UsbTransport implements Transport {
  readonly name: string;
  readonly dataPacketBytes = DATA_PACKET_BYTES;
  readonly #device: UsbDevice;
  readonly #pipes: Pipes;
  /** What a read brought beyond what was asked for. */
  #received: Buffer = Buffer.alloc(0);
  #transfer: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(name: string, device: UsbDevice, pipes: Pipes) {
    this.name = name;
    this.#device = device;
    this.#pipes = pipes;
  }

  /** @throws DeviceNotFoundError, PermissionError, DeviceBusyError, TransportError, TimeoutError, AbortedError */
  static async open(target: UsbTarget, options: UsbOptions = {}): Promise<UsbTransport> {
    const name = formatFastbootTarget(target);
    const operation = `opening ${name}`;
    const { signal, load = loadPackage } = options;
    const device = await withDeadline({ operation, timeoutMs: SETUP_TIMEOUT_MS, signal }, () => find(target, load));
    try {
      await device.open();
    } catch (error) {
      throw usbError(error, name, operation);
    }
    try {
      const pipes = pipesOf(device, name);
      await device.claimInterface(pipes.interfaceNumber);
      throwIfAborted(signal);
      return new UsbTransport(name, device, pipes);
    } catch (error) {
      await device.close().catch(() => undefined);
      throw usbError(error, name, operation);
    }
  }

  async send(packet: Uint8Array, deadline: Deadline): Promise<void> {
    if (packet.length === 0) return;
    await withDeadline(deadline, async () => {
      const { endpointNumber } = this.#pipes.out;
      const { bytesWritten } = await this.#transferring(deadline, () =>
        this.#device.transferOut(endpointNumber, packet, deadline.timeoutMs),
      );
      if (bytesWritten !== packet.length) {
        throw new TransportError(
          `${this.name} took ${String(bytesWritten)} of ${String(packet.length)} bytes while ${deadline.operation}.`,
          { hint: 'Restart fastboot on the board and try again.' },
        );
      }
    });
  }

  async receive(maxBytes: number, deadline: Deadline): Promise<Buffer> {
    if (this.#received.length === 0) {
      this.#received = await withDeadline(deadline, signal => this.#read(deadline, signal));
    }
    const bytes = this.#received.subarray(0, maxBytes);
    this.#received = this.#received.subarray(bytes.length);
    return bytes;
  }

  close(): Promise<void> {
    this.#closing ??= this.#letGo();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Reads one packet, or as many as make 512 bytes: a read that ends because its time is over loses what it has, and a
   * single packet either came or did not.
   */
  async #read(deadline: Deadline, signal: AbortSignal): Promise<Buffer> {
    const { endpointNumber, packetSize } = this.#pipes.in;
    const length = Math.max(LEAST_READ_BYTES, packetSize);
    const endsAt = performance.now() + deadline.timeoutMs;
    while (!signal.aborted) {
      const sliceMs = Math.ceil(Math.min(READ_SLICE_MS, Math.max(1, endsAt - performance.now())));
      const { data } = await this.#transferring(deadline, () =>
        this.#device.transferIn(endpointNumber, length, sliceMs).catch((error: unknown) => {
          if (isTransferTimeout(error)) return { data: undefined };
          throw error;
        }),
      );
      if (data !== undefined && data.byteLength > 0) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    }
    throw new TransportError(`${deadline.operation} was given up.`);
  }

  async #transferring<T>(deadline: Deadline, transfer: () => Promise<T>): Promise<T> {
    const running = transfer();
    this.#transfer = running.catch(() => undefined);
    try {
      return await running;
    } catch (error) {
      if (isStall(error)) await this.#clear();
      throw usbError(error, this.name, deadline.operation);
    }
  }

  /** A halted endpoint stays so for the next who opens the board. */
  async #clear(): Promise<void> {
    const { in: input, out } = this.#pipes;
    for (const pipe of [input, out]) {
      await this.#device.clearHalt(pipe === input ? 'in' : 'out', pipe.endpointNumber).catch(() => undefined);
    }
  }

  async #letGo(): Promise<void> {
    const deadline = { operation: `letting go of ${this.name}`, timeoutMs: LET_GO_MS };
    await withDeadline(deadline, () => this.#transfer).catch(() => undefined);
    // An interface that is not released stays claimed when the device is closed. Both fail where the board is gone, and
    // throw at once while a write goes on.
    for (const step of [() => this.#device.releaseInterface(this.#pipes.interfaceNumber), () => this.#device.close()]) {
      try {
        await step();
      } catch {
        // The system takes it back when this process ends.
      }
    }
  }
}

async function loadPackage(): Promise<UsbPackage> {
  return await import('usb');
}

async function find(target: UsbTarget, load: () => Promise<UsbPackage>): Promise<UsbDevice> {
  const loaded = await load().catch((cause: unknown) => {
    throw new TransportError('The package for USB cannot be loaded on this computer.', {
      hint: `Install mdt again, for this system and this version of Node. ${NO_USB_HINT}`,
      cause,
    });
  });
  const devices = await loaded.usb.getDevices().catch((cause: unknown) => {
    throw new TransportError('This computer offers no USB.', { hint: NO_USB_HINT, cause });
  });
  const device = devices.find(({ bus, ports }) => usbPortPath(bus, ports) === target.usbPort);
  if (device !== undefined) return device;
  throw new DeviceNotFoundError(`Nothing is plugged into USB port ${target.usbPort}.`, {
    hint: 'Look at `mdt fastboot devices`, and check the cable and the power of the board.',
  });
}

function pipesOf(device: UsbDevice, name: string): Pipes {
  for (const { interfaceNumber, alternate } of device.configuration.interfaces) {
    const isFastboot =
      alternate.interfaceClass === FASTBOOT_INTERFACE.class &&
      alternate.interfaceSubclass === FASTBOOT_INTERFACE.subclass &&
      alternate.interfaceProtocol === FASTBOOT_INTERFACE.protocol;
    if (!isFastboot) continue;
    const bulk = alternate.endpoints.filter(endpoint => endpoint.type === 'bulk');
    const ins = bulk.filter(endpoint => endpoint.direction === 'in');
    const outs = bulk.filter(endpoint => endpoint.direction === 'out');
    if (ins[0] && outs[0] && ins.length === 1 && outs.length === 1) {
      return { interfaceNumber, in: ins[0], out: outs[0] };
    }
  }
  throw new DeviceNotFoundError(`${name} is not in fastboot.`, {
    hint: 'If Mendel runs on it, `mdt reboot-bootloader` restarts it into fastboot.',
  });
}
