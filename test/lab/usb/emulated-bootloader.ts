// A small bootloader behind the endpoints of an emulated device. Partitions are hashes in memory.
import { createHash } from 'node:crypto';
import type { EmulatedDevice } from './emulated-device.js';

export interface BootloaderState {
  readonly commands: readonly string[];
  /** SHA-256 of what was flashed to each partition. */
  readonly partitions: Readonly<Record<string, string>>;
  /** Packets of length zero that came. */
  readonly emptyPackets: number;
  readonly downloadedBytes: number;
  /** Transfers that it has left unanswered. */
  readonly heldWrites: number;
}

export interface BootloaderHooks {
  readonly serialNumber: string;
  /** The board restarts, after it has answered. */
  readonly onReboot: () => void;
  /** Called for each stretch of data with how much of the download has come. */
  readonly onDownload: (receivedBytes: number) => void;
}

export class EmulatedBootloader {
  readonly #device: EmulatedDevice;
  readonly #hooks: BootloaderHooks;
  readonly #commands: string[] = [];
  readonly #partitions: Record<string, string> = {};
  #emptyPackets = 0;
  #leftBytes = 0;
  #receivedBytes = 0;
  #hash = createHash('sha256');

  constructor(device: EmulatedDevice, hooks: BootloaderHooks) {
    this.#device = device;
    this.#hooks = hooks;
    device.onData = data => {
      if (data.length === 0) this.#emptyPackets++;
      else if (this.#leftBytes > 0) this.#take(data);
      else this.#obey(data.toString('latin1'));
    };
  }

  get state(): BootloaderState {
    return {
      commands: this.#commands,
      partitions: this.#partitions,
      emptyPackets: this.#emptyPackets,
      downloadedBytes: this.#receivedBytes,
      heldWrites: this.#device.heldWrites,
    };
  }

  #take(data: Buffer): void {
    this.#hash.update(data.subarray(0, this.#leftBytes));
    this.#leftBytes -= Math.min(this.#leftBytes, data.length);
    this.#receivedBytes += data.length;
    this.#hooks.onDownload(this.#receivedBytes);
    if (this.#leftBytes === 0) this.#say('OKAY');
  }

  #obey(line: string): void {
    this.#commands.push(line);
    const [command = '', argument = ''] = line.split(/[: ]/, 2);
    switch (command) {
      case 'getvar':
        this.#getvar(argument);
        break;
      case 'download':
        this.#leftBytes = Number.parseInt(argument, 16);
        this.#receivedBytes = 0;
        this.#hash = createHash('sha256');
        this.#say(`DATA${argument}`);
        break;
      case 'flash':
        this.#partitions[argument] = this.#hash.digest('hex');
        this.#say('INFOwriting', 'OKAY');
        break;
      case 'reboot-bootloader':
        this.#device.send(Buffer.from('OKAY'), this.#hooks.onReboot);
        break;
      case 'oem':
        if (argument === 'stall') this.#device.stall();
        else if (argument === 'deaf') this.#device.isDeaf = true;
        else if (argument !== 'hang') this.#say('OKAY');
        break;
      default:
        this.#say('FAILunrecognized command');
    }
  }

  #getvar(name: string): void {
    const values: Readonly<Record<string, string>> = {
      version: '0.4',
      product: 'phanbell',
      serialno: this.#hooks.serialNumber,
      'max-download-size': '0x19000000',
    };
    const value = values[name];
    this.#say(value === undefined ? 'FAIL' : `OKAY${value}`);
  }

  #say(...answers: readonly string[]): void {
    for (const answer of answers) this.#device.send(Buffer.from(answer));
  }
}
