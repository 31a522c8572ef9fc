import type { Duplex } from 'node:stream';
import { throwIfAborted } from '../../time/deadline.js';
import { ChannelOutput } from './channel-streams.js';
import { abortable, type Input, type Output } from './streams.js';
import type { Terminal, TerminalSize } from './terminal.js';

const KEY = {
  interrupt: 0x03,
  endOfFile: 0x04,
  backspace: 0x08,
  tab: 0x09,
  newline: 0x0a,
  enter: 0x0d,
  killLine: 0x15,
  eraseWord: 0x17,
  escape: 0x1b,
  space: 0x20,
  delete: 0x7f,
} as const;
/** As the kernel: a longer line takes no more characters. */
const MAX_LINE_BYTES = 4096;
/** Lines typed ahead; beyond it the client has to wait. */
const MAX_WAITING_BYTES = 64 * 1024;
const ERASE = '\b \b';

/**
 * The line discipline of a pseudo-terminal in its usual mode: echoes what is typed, lets a line be corrected, hands it
 * over at Enter, and makes Ctrl-C an interrupt and Ctrl-D the end of the input. Output gets `\r\n` line ends.
 */
export class PseudoTerminal implements Terminal {
  size: TerminalSize;
  onInterrupt: () => void = () => undefined;
  echoes = true;
  readonly input: Input;
  readonly output: Output;
  readonly #channel: Duplex;
  readonly #keys: Readonly<Record<number, () => void>> = {
    [KEY.interrupt]: () => {
      this.#interrupt();
    },
    [KEY.endOfFile]: () => {
      this.#handOver();
    },
    [KEY.enter]: () => {
      this.#endLine();
    },
    [KEY.newline]: () => {
      this.#endLine();
    },
    [KEY.backspace]: () => {
      this.#eraseCharacter();
    },
    [KEY.delete]: () => {
      this.#eraseCharacter();
    },
    [KEY.killLine]: () => {
      this.#eraseLine();
    },
    [KEY.eraseWord]: () => {
      this.#eraseWord();
    },
  };
  #line: number[] = [];
  /** Lines that no program has read yet; an empty one is an end of the input. */
  #waiting: Buffer[] = [];
  #isClosed = false;
  #wake: () => void = () => undefined;
  /** Escape sequences, such as those of arrow keys, are swallowed. */
  #escape: 'none' | 'begun' | 'inside' = 'none';

  constructor(channel: Duplex, size: TerminalSize) {
    this.size = size;
    this.#channel = channel;
    this.input = {
      isTerminal: true,
      read: signal => this.#read(signal),
      unread: data => {
        if (data.length > 0) this.#waiting.unshift(data);
      },
    };
    const plain = new ChannelOutput(channel);
    this.output = {
      isTerminal: true,
      write: (data, signal) => plain.write(withReturns(data), signal),
    };
    channel.on('data', (data: Buffer) => {
      for (const byte of data) this.#type(byte);
      if (this.#waitingBytes() > MAX_WAITING_BYTES) channel.pause();
    });
    for (const event of ['end', 'close']) {
      channel.once(event, () => {
        this.#isClosed = true;
        this.#wake();
      });
    }
  }

  /** Nothing more will be typed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  async #read(signal: AbortSignal): Promise<Buffer | undefined> {
    throwIfAborted(signal);
    for (;;) {
      const data = this.#waiting.shift();
      if (data !== undefined) {
        if (this.#channel.isPaused() && this.#waitingBytes() <= MAX_WAITING_BYTES) this.#channel.resume();
        return data.length > 0 ? data : undefined;
      }
      if (this.#isClosed) return undefined;
      await abortable(signal, resolve => {
        this.#wake = resolve;
      });
    }
  }

  #waitingBytes(): number {
    return this.#waiting.reduce((sum, data) => sum + data.length, 0);
  }

  #type(byte: number): void {
    if (this.#swallowsEscape(byte)) return;
    const press = this.#keys[byte];
    if (press !== undefined) {
      press();
    } else if (this.#line.length < MAX_LINE_BYTES && (byte >= KEY.space || byte === KEY.tab)) {
      this.#line.push(byte);
      this.#echo(Buffer.of(byte));
    }
  }

  #interrupt(): void {
    this.#line = [];
    this.#waiting = [];
    this.#echo('^C\r\n');
    this.onInterrupt();
  }

  #endLine(): void {
    this.#echo('\r\n');
    this.#line.push(KEY.newline);
    this.#handOver();
  }

  #eraseLine(): void {
    while (this.#line.length > 0) this.#eraseCharacter();
  }

  #eraseWord(): void {
    while (this.#line.at(-1) === KEY.space) this.#eraseCharacter();
    while (this.#line.length > 0 && this.#line.at(-1) !== KEY.space) this.#eraseCharacter();
  }

  #swallowsEscape(byte: number): boolean {
    if (this.#escape === 'none') {
      if (byte !== KEY.escape) return false;
      this.#escape = 'begun';
    } else if (this.#escape === 'begun') {
      this.#escape = byte === 0x5b || byte === 0x4f ? 'inside' : 'none';
    } else if (byte >= 0x40 && byte <= 0x7e) {
      this.#escape = 'none';
    }
    return true;
  }

  /** Takes a whole character of UTF-8 back. */
  #eraseCharacter(): void {
    let byte = this.#line.pop();
    if (byte === undefined) return;
    while (byte !== undefined && (byte & 0xc0) === 0x80) byte = this.#line.pop();
    this.#echo(ERASE);
  }

  #handOver(): void {
    this.#waiting.push(Buffer.from(this.#line));
    this.#line = [];
    this.#wake();
  }

  #echo(text: string | Buffer): void {
    if (this.echoes && this.#channel.writable) this.#channel.write(text);
  }
}

function withReturns(data: Buffer): Buffer {
  if (!data.includes(KEY.newline)) return data;
  return Buffer.from(data.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}
