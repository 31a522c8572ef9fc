import type { Readable, Writable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { onAbort } from '../time/deadline.js';
import { ChannelInput, type Connection } from './channel-input.js';
import { shareWindow } from './flow-control.js';
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

  constructor(channel: ClientChannel, connection: Connection, signal?: AbortSignal) {
    this.#channel = channel;
    this.#connection = connection;
    shareWindow(channel);
    this.stdin = new ChannelInput(channel, connection);
    this.stdout = channel;
    this.stderr = channel.stderr;
    let exit: RemoteExit = { kind: 'lost' };
    channel.on('exit', (code: number | null, name?: string) => {
      exit = code === null ? { kind: 'signal', signal: name?.replace(/^SIG/, '') ?? '' } : { kind: 'exit', code };
    });
    this.exit = Promise.all([closeOf(channel), closeOf(channel.stderr)]).then(() => exit);
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
    // Nobody reads what is still on its way; it has to flow off for the end to be reached.
    this.#channel.resume();
    this.#channel.stderr.resume();
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
