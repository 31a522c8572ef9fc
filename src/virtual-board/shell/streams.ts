import { AbortedError } from '../../errors.js';
import { onAbort, throwIfAborted } from '../../time/deadline.js';

/** Where a program of the board reads from. */
export interface Input {
  readonly isTerminal: boolean;
  /** What is there, at least one byte; undefined at the end. @throws AbortedError */
  read(signal: AbortSignal): Promise<Buffer | undefined>;
  /** Gives back what was read too much, so that the next program gets it. */
  unread(data: Buffer): void;
}

/** Where a program of the board writes to. */
export interface Output {
  readonly isTerminal: boolean;
  /** Resolves when there is room for more. @throws BrokenPipeError if nobody reads any more, AbortedError */
  write(data: Buffer, signal: AbortSignal): Promise<void>;
}

/** Nobody reads what is written: a program ends quietly, as by SIGPIPE. */
export class BrokenPipeError extends Error {}

/** What a pipe of Linux holds; pipe(7). */
export const PIPE_BYTES = 64 * 1024;

/** Connects the output of a program with the input of the next; holds a bounded number of bytes. */
export class Pipe implements Input, Output {
  readonly isTerminal = false;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #writerClosed = false;
  #readerClosed = false;
  #wake: (() => void)[] = [];

  async read(signal: AbortSignal): Promise<Buffer | undefined> {
    throwIfAborted(signal);
    while (this.#chunks.length === 0) {
      if (this.#writerClosed) return undefined;
      await this.#change(signal);
    }
    const data = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    this.#notify();
    return data;
  }

  unread(data: Buffer): void {
    if (data.length > 0) this.#chunks.unshift(data);
    this.#bytes += data.length;
  }

  async write(data: Buffer, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    while (this.#bytes >= PIPE_BYTES && !this.#readerClosed) await this.#change(signal);
    if (this.#readerClosed) throw new BrokenPipeError();
    if (data.length === 0) return;
    this.#chunks.push(data);
    this.#bytes += data.length;
    this.#notify();
  }

  closeWriter(): void {
    this.#writerClosed = true;
    this.#notify();
  }

  closeReader(): void {
    this.#readerClosed = true;
    this.#chunks = [];
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  async #change(signal: AbortSignal): Promise<void> {
    await abortable(signal, resolve => {
      this.#wake.push(resolve);
    });
  }
}

/** Input that is there from the start: a here-document, a variable, or nothing at all. */
export class TextInput implements Input {
  readonly isTerminal = false;
  #rest: Buffer;

  constructor(text: string | Buffer = '') {
    this.#rest = Buffer.from(text);
  }

  read(): Promise<Buffer | undefined> {
    const data = this.#rest;
    this.#rest = Buffer.alloc(0);
    return Promise.resolve(data.length > 0 ? data : undefined);
  }

  unread(data: Buffer): void {
    this.#rest = Buffer.concat([data, this.#rest]);
  }
}

/** Keeps what is written, for `$(…)`; more than the bound is refused as a shell out of memory would. */
export class CollectedOutput implements Output {
  readonly isTerminal = false;
  readonly #chunks: Buffer[] = [];
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  write(data: Buffer): Promise<void> {
    this.#bytes += data.length;
    if (this.#bytes > this.#maxBytes) return Promise.reject(new BrokenPipeError());
    this.#chunks.push(data);
    return Promise.resolve();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}

/** `/dev/null`. */
export const NULL_OUTPUT: Output = { isTerminal: false, write: () => Promise.resolve() };

/** Waits until `start`'s callback is called. @throws AbortedError as soon as `signal` aborts */
export async function abortable(signal: AbortSignal, start: (resolve: () => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stopListening = onAbort(signal, () => {
      reject(new AbortedError({ cause: signal.reason }));
    });
    start(() => {
      stopListening();
      resolve();
    });
  });
}
