import type { Duplex } from 'node:stream';
import { pause } from '../../time/deadline.js';
import { abortable } from '../shell/streams.js';

/** Keys that are pressed on a console, one by one. */
export class Keys {
  #waiting: number[] = [];
  #wake = (): void => undefined;

  constructor(channel: Duplex) {
    channel.on('data', (bytes: Buffer) => {
      this.#waiting.push(...bytes);
      this.#wake();
    });
  }

  /** Takes back the last one, for whoever asks next. */
  unread(key: number): void {
    this.#waiting.unshift(key);
  }

  /** @throws AbortedError */
  async next(signal: AbortSignal): Promise<number> {
    for (;;) {
      const key = this.#waiting.shift();
      if (key !== undefined) return key;
      await abortable(signal, resolve => {
        this.#wake = resolve;
      });
    }
  }

  /** A key that comes within that time, or has come already. @throws AbortedError */
  async nextWithin(ms: number, signal: AbortSignal): Promise<number | undefined> {
    if (this.#waiting.length > 0 || ms <= 0) return this.#waiting.shift();
    const controller = new AbortController();
    this.#wake = () => {
      controller.abort();
    };
    try {
      await pause(ms, AbortSignal.any([signal, controller.signal]));
      return undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      return this.#waiting.shift();
    }
  }
}
