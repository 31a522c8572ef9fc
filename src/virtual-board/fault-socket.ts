import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { pause } from '../time/deadline.js';
import type { Faults } from './faults.js';

/** How often a slow connection lets bytes through, and at least how many at once. */
const TICK_MS = 20;
const MIN_PART_BYTES = 256;

/**
 * A connection with the network faults of the board: what a server of the board talks to instead of the socket itself.
 * Faults are those that were set when the connection was made.
 */
export class FaultSocket extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly remoteFamily: string | undefined;
  readonly remotePort: number | undefined;
  readonly #socket: Socket;
  readonly #faults: Faults;
  readonly #closing = new AbortController();
  #carriedBytes = 0;
  #isReceiving = false;
  #wantsMore = true;
  /** When each direction may carry more, in milliseconds of the monotonic clock. */
  readonly #freeAtMs = { in: 0, out: 0 };

  constructor(socket: Socket, faults: Faults) {
    super({ allowHalfOpen: true });
    this.remoteAddress = socket.remoteAddress;
    this.remoteFamily = socket.remoteFamily;
    this.remotePort = socket.remotePort;
    this.#socket = socket;
    this.#faults = faults;
    socket.setNoDelay(true);
    socket.on('error', error => this.destroy(error));
    socket.once('close', () => this.destroy());
    socket.once('end', () => this.push(null));
    socket.on('data', (chunk: Buffer) => {
      void this.#receive(chunk);
    });
  }

  setNoDelay(): this {
    return this;
  }

  override _read(): void {
    this.#wantsMore = true;
    if (!this.#isReceiving) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    let hasRoom = true;
    void this.#carry('out', chunk, part => (hasRoom = this.#socket.write(part))).then(whole => {
      if (!whole) return;
      if (hasRoom) callback();
      else this.#socket.once('drain', callback);
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#closing.abort();
    this.#socket.destroy();
    callback(error);
  }

  /** One chunk after the other, so that what comes slowly stays in its order. */
  async #receive(chunk: Buffer): Promise<void> {
    this.#socket.pause();
    this.#isReceiving = true;
    const whole = await this.#carry('in', chunk, part => {
      this.#wantsMore = false;
      if (this.push(part)) this.#wantsMore = true;
    });
    this.#isReceiving = false;
    if (whole && this.#wantsMore) this.#socket.resume();
  }

  /** Hands `chunk` on as the faults let it pass; false if the connection stalled or broke before all of it had. */
  async #carry(direction: 'in' | 'out', chunk: Buffer, pass: (part: Buffer) => void): Promise<boolean> {
    const { dropAfterBytes = Infinity, stallAfterBytes = Infinity, slowBytesPerS = Infinity } = this.#faults;
    const partBytes = Math.max(MIN_PART_BYTES, (slowBytesPerS * TICK_MS) / 1000);
    for (let done = 0; done < chunk.length;) {
      const left = Math.min(dropAfterBytes, stallAfterBytes) - this.#carriedBytes;
      if (left <= 0) {
        if (dropAfterBytes <= stallAfterBytes) this.#socket.resetAndDestroy();
        return false;
      }
      const part = chunk.subarray(done, done + Math.min(partBytes, left));
      this.#carriedBytes += part.length;
      done += part.length;
      if (slowBytesPerS !== Infinity) await this.#slowDown(direction, part.length, slowBytesPerS);
      if (this.destroyed) return false;
      pass(part);
    }
    return true;
  }

  async #slowDown(direction: 'in' | 'out', bytes: number, bytesPerS: number): Promise<void> {
    const now = performance.now();
    const freeAtMs = Math.max(now, this.#freeAtMs[direction]) + (bytes / bytesPerS) * 1000;
    this.#freeAtMs[direction] = freeAtMs;
    // The pause ends early only with the connection, which the caller looks at next.
    if (freeAtMs - now >= TICK_MS / 2) await pause(freeAtMs - now, this.#closing.signal).catch(() => undefined);
  }
}
