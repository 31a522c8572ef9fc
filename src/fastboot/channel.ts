import { TimeoutError, TransportError } from '../errors.js';
import { throwIfAborted, type Deadline } from '../time/deadline.js';
import { encodeCommand } from './command.js';
import { Exchange, type ExchangeOptions } from './exchange.js';
import { FastbootFailError } from './fail-error.js';
import type { Transport } from './transport.js';

/**
 * The exchanges of one connection, one after the other. An exchange that breaks for any other reason than FAIL closes
 * the transport: what the board says next would belong to nobody, and whether it did what it was told is not known.
 * Nothing is sent twice here; whoever wants to go on connects anew and asks the board for its state.
 */
export class Channel {
  readonly transport: Transport;
  #state: 'idle' | 'busy' | 'closed' = 'idle';
  #brokenBy: unknown;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** Sends `command` and lets `work` see the exchange through. */
  async exchange<T>(command: string, options: ExchangeOptions, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    encodeCommand(command); // A command that cannot be sent is the caller's slip and leaves the connection as it is.
    this.#begin();
    const exchange = new Exchange(this.transport, command, options);
    try {
      await exchange.sendCommand();
      return await work(exchange);
    } catch (error) {
      if (!(error instanceof FastbootFailError)) {
        this.#brokenBy = error;
        await this.close();
      }
      throw error;
    } finally {
      if (this.#state === 'busy') this.#state = 'idle';
    }
  }

  /** A command without data. Resolves with the text of OKAY. */
  async command(command: string, options: ExchangeOptions): Promise<string> {
    return await this.exchange(command, options, exchange => exchange.okay());
  }

  /** Listens until the other end has gone; false if the time is up before. The connection is closed either way. */
  async untilGone(deadline: Deadline): Promise<boolean> {
    this.#begin();
    try {
      await this.transport.receive(1, deadline);
      return false;
    } catch (error) {
      throwIfAborted(deadline.signal);
      return !(error instanceof TimeoutError);
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    await this.transport.close();
  }

  #begin(): void {
    if (this.#state === 'busy') throw new Error('A fastboot command was sent while another was under way.');
    if (this.#state === 'closed') {
      throw new TransportError(`The connection to ${this.transport.name} is closed.`, {
        hint: 'Connect again and ask the board for its state before going on.',
        cause: this.#brokenBy,
      });
    }
    this.#state = 'busy';
  }
}
