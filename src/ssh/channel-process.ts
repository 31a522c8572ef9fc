import type { Readable, Writable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { ProtocolError } from '../errors.js';
import { onAbort } from '../time/deadline.js';
import { ChannelInput, type Connection } from './channel-input.js';
import { ChannelOutput } from './channel-output.js';
import type { RemoteExit, RemoteProcess, TerminalSize } from './session.js';

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
  #closeHere = (): void => undefined;

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
    const stopListening = onAbort(signal, () => {
      this.kill('TERM');
      this.close();
    });
    void this.exit.then(stopListening);
  }

  resize(size: TerminalSize): void {
    if (this.#connection.isOpen()) this.#channel.setWindow(size.rows, size.columns, 0, 0);
  }

  kill(signal: string): void {
    if (this.#connection.isOpen()) this.#channel.signal(signal);
  }

  close(): void {
    if (this.#connection.isOpen()) this.#channel.close();
    // A server answers only when the program has ended, which may be never.
    this.#output.end();
    this.#closeHere();
  }
}

/** ssh2 emits `close` once all data has been read and the channel is closed on both sides. */
async function closeOf(stream: Readable): Promise<void> {
  return new Promise(resolve => {
    stream.once('close', () => {
      resolve();
    });
  });
}
