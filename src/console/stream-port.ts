import type { Duplex } from 'node:stream';
import { TransportError } from '../errors.js';
import { onAbort, throwIfAborted, withDeadline } from '../time/deadline.js';
import { WRITE_TIMEOUT_MS, type ConsolePort } from './console-port.js';

export interface StreamPortOptions {
  readonly name: string;
  /** What the user can look at when the stream ends by itself. */
  readonly lostHint: string;
  /** Closes the stream and resolves when it is closed. */
  readonly close: () => Promise<void>;
  /** Looks at everything that arrives first; what it throws ends the connection. */
  readonly inspect?: (chunk: Buffer) => void;
}

/** A console on any stream of Node's; whoever reads is asked for, so that nothing piles up here. */
export class StreamPort implements ConsolePort {
  readonly name: string;
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  readonly #options: StreamPortOptions;
  #ended: 'no' | 'by-us' | 'by-itself' = 'no';
  #failure: Error | undefined;

  constructor(stream: Duplex, options: StreamPortOptions) {
    this.name = options.name;
    this.#stream = stream;
    this.#options = options;
    const end = (error?: Error | null): void => {
      this.#failure ??= error ?? undefined;
      if (this.#ended === 'no') this.#ended = 'by-itself';
    };
    stream.on('error', end);
    stream.once('end', end);
    this.closed = new Promise(resolve => {
      stream.once('end', resolve);
      stream.once('close', (error?: Error | boolean) => {
        end(error instanceof Error ? error : undefined);
        resolve();
      });
    });
    // Keeps the stream from flowing; and asks it to fetch, without which some streams do not notice their end.
    stream.on('readable', () => undefined);
  }

  async read(signal?: AbortSignal): Promise<Buffer> {
    for (;;) {
      throwIfAborted(signal);
      const chunk = this.#ended === 'by-us' ? null : (this.#stream.read() as Buffer | null);
      if (chunk !== null) {
        this.#options.inspect?.(chunk);
        return chunk;
      }
      if (this.#ended !== 'no') throw this.#lost();
      await this.#change(signal);
    }
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.#ended !== 'no') throw this.#lost();
    const deadline = { operation: `writing to ${this.name}`, timeoutMs: WRITE_TIMEOUT_MS };
    await withDeadline(
      deadline,
      () =>
        new Promise<void>((resolve, reject) => {
          const fail = (error?: Error | null): void => {
            reject(this.#lost(error ?? undefined));
          };
          // A serial port that vanishes in the middle forgets whoever waits for the write.
          void this.closed.then(() => {
            fail();
          });
          this.#stream.write(Buffer.from(bytes), error => {
            if (error) fail(error);
            else resolve();
          });
        }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended === 'by-us') return;
    this.#ended = 'by-us';
    await this.#options.close();
  }

  /** Resolves when there is something to read or nothing more will come. */
  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise(resolve => {
      const events = ['readable', 'end', 'close', 'error'] as const;
      const done = (): void => {
        for (const event of events) this.#stream.off(event, done);
        stopListening();
        resolve();
      };
      for (const event of events) this.#stream.on(event, done);
      const stopListening = onAbort(signal, done);
    });
  }

  #lost(cause: Error | undefined = this.#failure): TransportError {
    if (this.#ended === 'by-us') return new TransportError(`The console ${this.name} was closed.`);
    return new TransportError(`The console ${this.name} has gone away.`, {
      hint: this.#options.lostHint,
      cause,
      facts: { port: this.name },
    });
  }
}
