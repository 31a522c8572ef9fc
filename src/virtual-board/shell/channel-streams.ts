import type { Readable, Writable } from 'node:stream';
import { throwIfAborted } from '../../time/deadline.js';
import { abortable, BrokenPipeError, PIPE_BYTES, type Input, type Output } from './streams.js';

/** What an SSH client sends, as the input of programs; nothing is taken from the connection before they read. */
export class ChannelInput implements Input {
  readonly isTerminal = false;
  readonly #stream: Readable;
  #given: Buffer[] = [];

  constructor(stream: Readable) {
    this.#stream = stream;
  }

  async read(signal: AbortSignal): Promise<Buffer | undefined> {
    throwIfAborted(signal);
    const given = this.#given.pop();
    if (given !== undefined) return given;
    for (;;) {
      // As much as a pipe holds: what was taken and not written is lost when the connection breaks.
      const sizeBytes = Math.min(this.#stream.readableLength, PIPE_BYTES);
      const data = this.#stream.read(sizeBytes === 0 ? undefined : sizeBytes) as Buffer | null;
      if (data !== null) return data;
      if (this.#stream.readableEnded || this.#stream.destroyed) return undefined;
      await this.#change(signal);
    }
  }

  unread(data: Buffer): void {
    if (data.length > 0) this.#given.push(data);
  }

  async #change(signal: AbortSignal): Promise<void> {
    const events = ['readable', 'end', 'close'] as const;
    let listener = (): void => undefined;
    try {
      await abortable(signal, resolve => {
        listener = resolve;
        for (const event of events) this.#stream.on(event, listener);
      });
    } finally {
      for (const event of events) this.#stream.off(event, listener);
    }
  }
}

/** What programs write, on its way to an SSH client. */
export class ChannelOutput implements Output {
  readonly isTerminal = false;
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  async write(data: Buffer, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (this.#stream.destroyed || !this.#stream.writable) throw new BrokenPipeError();
    if (this.#stream.write(data)) return;
    const events = ['drain', 'close', 'error'] as const;
    let listener = (): void => undefined;
    try {
      await abortable(signal, resolve => {
        listener = resolve;
        for (const event of events) this.#stream.on(event, listener);
      });
    } finally {
      for (const event of events) this.#stream.off(event, listener);
    }
  }
}
