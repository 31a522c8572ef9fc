import type { Readable, Writable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { MdtError, ProtocolError } from '../errors.js';
import { onAbort } from '../time/deadline.js';
import { ChannelInput, type Connection } from './channel-input.js';
import { ChannelOutput } from './channel-output.js';
import { sendSignal } from './ssh2-shortcuts.js';
import type { RemoteExit, RemoteProcess, TerminalSize } from './session.js';

/** How long a program that was aborted may take to end. */
const END_TIMEOUT_MS = 2000;

/**
 * A program running behind a session channel of ssh2. Make it within ssh2's own callback: what follows in the same
 * packet, even the exit code, is told before any promise goes on.
 */
export class ChannelProcess implements RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<RemoteExit>;
  readonly #channel: ClientChannel;
  readonly #connection: Connection;
  readonly #output: ChannelOutput;
  readonly #hasEnded: Promise<void>;
  #closeHere = (): void => undefined;
  #closing: Promise<void> | undefined;

  constructor(channel: ClientChannel, connection: Connection, signal?: AbortSignal) {
    this.#channel = channel;
    this.#connection = connection;
    this.#output = new ChannelOutput(channel, () => {
      connection.breakOff(new ProtocolError('The board sent more than it was allowed to.'));
    });
    this.stdin = new ChannelInput(channel, connection);
    this.stdout = channel;
    this.stderr = channel.stderr;
    let exit: RemoteExit = { kind: 'lost' };
    channel.on('exit', (code: number | null, name?: string) => {
      exit = code === null ? { kind: 'signal', signal: name?.replace(/^SIG/, '') ?? '' } : { kind: 'exit', code };
    });
    const closedHere = new Promise<void>(resolve => {
      this.#closeHere = resolve;
    });
    const closedThere = Promise.all([closeOf(channel), closeOf(channel.stderr)]);
    this.exit = Promise.race([closedThere, closedHere]).then(() => exit);
    // The exit is told at once, the end of the channel only when all output has been read.
    this.#hasEnded = new Promise(resolve => {
      const end = (): void => {
        resolve();
      };
      channel.once('exit', end).once('close', end);
      void connection.closed.then(end);
    });
    const stopListening = onAbort(signal, () => {
      void this.#end(signalOf(signal?.reason));
    });
    void this.exit.then(stopListening);
  }

  resize(size: TerminalSize): void {
    if (this.#connection.isOpen()) this.#channel.setWindow(size.rows, size.columns, 0, 0);
  }

  kill(signal: string): void {
    if (this.#connection.isOpen()) sendSignal(this.#channel, signal);
  }

  close(): void {
    this.#leave();
    if (!this.#closing && this.#connection.isOpen()) this.#channel.close();
  }

  /** Resolves when a program that was aborted has ended, or is given up; at once for all others. */
  async settled(): Promise<void> {
    await this.#closing;
  }

  /**
   * Asks the program to end, and closes the channel when it has. Without the signal it would go on: sshd tells a program
   * without a terminal of the end of its channel only by what it reads and writes. Without the wait, the signal could be
   * lost in a connection that is closed before the board has read it.
   */
  async #end(signal: string): Promise<void> {
    this.kill(signal);
    this.#closing ??= this.#closeInTime();
    this.#leave();
    await this.#closing;
  }

  async #closeInTime(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeIsUp = new Promise<void>(resolve => {
      timer = setTimeout(resolve, END_TIMEOUT_MS);
    });
    await Promise.race([this.#hasEnded, timeIsUp]);
    clearTimeout(timer);
    if (this.#connection.isOpen()) this.#channel.close();
  }

  /** For whoever uses it, it is over: a server answers only when the program has ended, which may be never. */
  #leave(): void {
    this.#output.end();
    this.#closeHere();
  }
}

/** The signal that a program gets for the reason of an abort: the one that this process got, if it was one. */
function signalOf(reason: unknown): string {
  const name = reason instanceof MdtError ? reason.facts['signal'] : undefined;
  return typeof name === 'string' && /^SIG(INT|HUP|TERM)$/.test(name) ? name.slice(3) : 'TERM';
}

/** ssh2 emits `close` once all data has been read and the channel is closed on both sides. */
async function closeOf(stream: Readable): Promise<void> {
  return new Promise(resolve => {
    stream.once('close', () => {
      resolve();
    });
  });
}
