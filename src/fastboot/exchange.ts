import { ProtocolError } from '../errors.js';
import { safeLines, safeText } from '../device/board-text.js';
import { withDeadline, type Deadline } from '../time/deadline.js';
import { encodeCommand } from './command.js';
import { FastbootFailError } from './fail-error.js';
import { MAX_RESPONSE_BYTES, parseResponse, type Response } from './response.js';
import type { Transport } from './transport.js';

/** Something the board says while it works, safe to print: INFO is a line, TEXT is a piece of text as it stands. */
export interface BoardMessage {
  readonly kind: 'info' | 'text';
  readonly text: string;
}

export interface ExchangeOptions {
  /** Longest silence of the board; every INFO and TEXT starts it anew. A whole answer may take WHOLE_ANSWER times as long. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onMessage?: ((message: BoardMessage) => void) | undefined;
}

/** The end of one answer: OKAY with its text, or DATA that opens the data phase. */
export type Ending = Extract<Response, { kind: 'data' }> | { readonly kind: 'okay'; readonly text: string };

/** Far beyond the most talkative `oem` command; a board that says more is not going to end. */
const MAX_MESSAGES = 100_000;

/** A board that speaks for so many times its longest silence is not going to end: 5 minutes, for writing 100. */
const WHOLE_ANSWER = 10;
const ENDLESS_HINT = 'The board goes on to speak without an end: restart it.';

const CABLE_HINT = 'Check the cable and the power of the board, and whether it is still in fastboot.';

/** One command and all that belongs to it, up to the board's OKAY or FAIL. */
export class Exchange {
  readonly command: string;
  readonly #transport: Transport;
  readonly #options: ExchangeOptions;

  constructor(transport: Transport, command: string, options: ExchangeOptions) {
    this.#transport = transport;
    this.command = command;
    this.#options = options;
  }

  async sendCommand(): Promise<void> {
    await this.#transport.send(encodeCommand(this.command), this.#deadline('sending'));
  }

  async sendData(packet: Uint8Array, timeoutMs: number): Promise<void> {
    await this.#transport.send(packet, { ...this.#deadline('sending the data of'), timeoutMs });
  }

  async receiveData(maxBytes: number, timeoutMs: number): Promise<Buffer> {
    return await this.#transport.receive(maxBytes, { ...this.#deadline('receiving the data of'), timeoutMs });
  }

  /** Reads on over INFO and TEXT to the answer that counts. @throws FastbootFailError if that is FAIL */
  async answer(): Promise<Ending> {
    const { timeoutMs, ...deadline } = this.#deadline('waiting for the end of the answer to');
    const whole = { ...deadline, timeoutMs: timeoutMs * WHOLE_ANSWER, hint: ENDLESS_HINT };
    return await withDeadline(whole, signal => this.#readAnswer(signal));
  }

  async #readAnswer(signal: AbortSignal): Promise<Ending> {
    const deadline = { ...this.#deadline('waiting for the answer to'), signal };
    for (let messages = 0; messages < MAX_MESSAGES; messages++) {
      const packet = await this.#transport.receive(MAX_RESPONSE_BYTES, deadline);
      const response = parseResponse(packet, this.command);
      switch (response.kind) {
        case 'info':
          this.#options.onMessage?.({ kind: 'info', text: safeText(response.text) });
          break;
        case 'text':
          this.#options.onMessage?.({ kind: 'text', text: safeLines(response.text) });
          break;
        case 'fail':
          throw new FastbootFailError(this.command, response.text, packet);
        case 'okay':
          return { kind: 'okay', text: response.text };
        case 'data':
          return response;
      }
    }
    throw new ProtocolError(`The board does not stop talking about ${this.command}.`, {
      facts: { command: this.command, messages: MAX_MESSAGES },
    });
  }

  /** The answer of a command that takes and gives no data: the text of OKAY. */
  async okay(): Promise<string> {
    const ending = await this.answer();
    if (ending.kind === 'okay') return ending.text;
    throw new ProtocolError(`The board opened a data phase that ${this.command} does not have.`, {
      facts: { command: this.command, sizeBytes: ending.sizeBytes },
    });
  }

  /** The answer of a command that moves data: the size in DATA. */
  async data(): Promise<number> {
    const ending = await this.answer();
    if (ending.kind === 'data') return ending.sizeBytes;
    throw new ProtocolError(`The board ended ${this.command} before its data.`, {
      facts: { command: this.command, bytes: Buffer.from(`OKAY${ending.text}`) },
    });
  }

  #deadline(what: string): Deadline {
    const { timeoutMs, signal } = this.#options;
    return { operation: `${what} ${this.command}`, timeoutMs, signal, hint: CABLE_HINT };
  }
}
