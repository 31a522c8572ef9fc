import type { ExecutionContext } from 'ava';
import { TimeoutError, TransportError } from '../../../src/errors.js';
import type { Transport } from '../../../src/fastboot/transport.js';
import type { Deadline } from '../../../src/time/deadline.js';

/** One line of a transcript between the client and a board. */
export type Line =
  /** The client has to send exactly this next. */
  | { readonly expect: string | Buffer }
  /** The board sends this. */
  | { readonly deliver: string | Buffer }
  /** The board is silent until the client's deadline, or the connection breaks. */
  | { readonly fail: 'timeout' | 'lost' };

/** A board that follows a transcript; lines that are left over when the test ends fail it. */
export class ScriptedTransport implements Transport {
  readonly name = 'script';
  readonly dataPacketBytes: number;
  /** Deadlines of all calls, in milliseconds, in order. */
  readonly deadlines: number[] = [];
  isClosed = false;
  readonly #t: ExecutionContext;
  readonly #lines: Line[];
  #rest: Buffer = Buffer.alloc(0);

  constructor(t: ExecutionContext, lines: readonly Line[], dataPacketBytes = 16) {
    this.#t = t;
    this.#lines = [...lines];
    this.dataPacketBytes = dataPacketBytes;
    t.teardown(() => {
      if (this.#lines.length > 0)
        throw new Error(`${String(this.#lines.length)} lines of the transcript are left over.`);
    });
  }

  async send(packet: Uint8Array, deadline: Deadline): Promise<void> {
    const line = await this.#next(deadline);
    const sent = Buffer.from(packet).toString('latin1');
    this.#t.is(sent, 'expect' in line ? Buffer.from(line.expect).toString('latin1') : '(nothing to be sent)');
  }

  async receive(maxBytes: number, deadline: Deadline): Promise<Buffer> {
    if (this.#rest.length === 0) {
      const line = await this.#next(deadline);
      if (!('deliver' in line)) this.#t.fail('the client wants to read where the transcript does not deliver');
      else this.#rest = Buffer.from(line.deliver);
    }
    const bytes = this.#rest.subarray(0, maxBytes);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #next(deadline: Deadline): Promise<Line> {
    this.deadlines.push(deadline.timeoutMs);
    const line = this.#lines.shift();
    if (line === undefined) throw new Error('The transcript has ended.');
    if (!('fail' in line)) return Promise.resolve(line);
    throw line.fail === 'timeout'
      ? new TimeoutError(deadline.operation, deadline.timeoutMs)
      : new TransportError('The connection was lost.');
  }
}
