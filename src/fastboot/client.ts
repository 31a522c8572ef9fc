import type { LongOperation } from '../time/progress.js';
import { Channel } from './channel.js';
import { commandFor } from './command.js';
import { download } from './commands/download.js';
import { flash, type FlashRequest, type FlashSummary } from './commands/flash.js';
import { findVariable, getAllVariables, getvar } from './commands/getvar.js';
import { fetch, upload, type Sink, type UploadOptions } from './commands/upload.js';
import type { BoardMessage, ExchangeOptions } from './exchange.js';
import type { Payload } from './payload.js';
import { DEFAULT_TIMEOUTS, type FastbootTimeouts } from './timeouts.js';
import type { Transport } from './transport.js';

/** Time limits of a fastboot client, and where messages of the bootloader go. */
export interface ClientOptions {
  /** What differs from DEFAULT_TIMEOUTS. */
  readonly timeouts?: Partial<FastbootTimeouts> | undefined;
  /** Hears what the board says by INFO and TEXT, whatever the command. */
  readonly onMessage?: ((message: BoardMessage) => void) | undefined;
}

/**
 * A board in fastboot. One command at a time. Every method throws FastbootFailError when the board says no, after which
 * the next command may follow; and TransportError, TimeoutError, ProtocolError or AbortedError when the exchange breaks,
 * after which the connection is closed. No command is ever sent twice.
 */
export class FastbootClient implements AsyncDisposable {
  readonly #channel: Channel;
  readonly #timeouts: FastbootTimeouts;
  readonly #onMessage: ClientOptions['onMessage'];

  constructor(transport: Transport, options: ClientOptions = {}) {
    this.#channel = new Channel(transport);
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    this.#onMessage = options.onMessage;
  }

  getvar(name: string, signal?: AbortSignal): Promise<string> {
    return getvar(this.#channel, name, this.#asking(signal));
  }

  /** Undefined where `getvar` would throw because the board does not have the variable. */
  findVariable(name: string, signal?: AbortSignal): Promise<string | undefined> {
    return findVariable(this.#channel, name, this.#asking(signal));
  }

  getAllVariables(signal?: AbortSignal): Promise<Map<string, string>> {
    return getAllVariables(this.#channel, this.#asking(signal));
  }

  /** Puts data into the board's memory without doing anything with it. */
  download(payload: Payload, operation: LongOperation = {}): Promise<void> {
    return download(this.#channel, payload, this.#moving(operation.signal));
  }

  /** Writes an image, raw or sparse, of any size, to a partition. */
  flash(request: FlashRequest, operation: LongOperation = {}): Promise<FlashSummary> {
    return flash(this.#channel, request, { ...operation, timeouts: this.#timeouts, onMessage: this.#onMessage });
  }

  async erase(partition: string, signal?: AbortSignal): Promise<void> {
    const options = { ...this.#asking(signal), timeoutMs: this.#timeouts.eraseMs };
    await this.#channel.command(commandFor('erase', partition), options);
  }

  /** Runs a boot image from memory. A bad one resets the board. */
  async boot(payload: Payload, signal?: AbortSignal): Promise<void> {
    await download(this.#channel, payload, this.#moving(signal));
    await this.#channel.command('boot', this.#asking(signal));
  }

  /** The board answers before it restarts; the connection is of no use afterwards. */
  async reboot(signal?: AbortSignal): Promise<void> {
    await this.#channel.command('reboot', this.#asking(signal));
  }

  /** Restarts into fastboot; needs the partition `misc` on boards that have their note to self there. */
  async rebootBootloader(signal?: AbortSignal): Promise<void> {
    await this.#channel.command('reboot-bootloader', this.#asking(signal));
  }

  /** Leaves fastboot and starts the system. */
  async continueBoot(signal?: AbortSignal): Promise<void> {
    await this.#channel.command('continue', this.#asking(signal));
  }

  /** A command of this board's own, without its leading `oem`. Resolves with the text of OKAY. */
  oem(command: string, signal?: AbortSignal): Promise<string> {
    return this.#channel.command(`oem ${command}`, this.#asking(signal));
  }

  async setActive(slot: string, signal?: AbortSignal): Promise<void> {
    await this.#channel.command(commandFor('set_active', slot), this.#asking(signal));
  }

  /** Gets what the last command staged on the board. Resolves with its length in bytes. */
  upload(sink: Sink, signal?: AbortSignal): Promise<number> {
    return upload(this.#channel, sink, this.#moving(signal));
  }

  /** Reads a partition back, where the bootloader offers that. Resolves with its length in bytes. */
  fetch(partition: string, sink: Sink, signal?: AbortSignal): Promise<number> {
    return fetch(this.#channel, { partition, sink }, this.#moving(signal));
  }

  /**
   * Waits until the board has let go of the connection, as it does when it restarts; it is of no use afterwards.
   * False if the board is still there after `timeoutMs`, or goes without a word.
   */
  untilGone(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    return this.#channel.untilGone({ operation: 'waiting for the board to go down', timeoutMs, signal });
  }

  async close(): Promise<void> {
    await this.#channel.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #asking(signal: AbortSignal | undefined): ExchangeOptions {
    return { timeoutMs: this.#timeouts.responseMs, signal, onMessage: this.#onMessage };
  }

  #moving(signal: AbortSignal | undefined): UploadOptions {
    return { ...this.#asking(signal), dataTimeoutMs: this.#timeouts.dataMs };
  }
}
