import { Writable, type Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { TransportError } from '../errors.js';
import { onAbort } from '../time/deadline.js';
import { shareWindow } from './flow-control.js';
import type { RemoteExit, RemoteProcess, TerminalSize } from './session.js';

/** A program running behind a session channel of ssh2. */
export class ChannelProcess implements RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<RemoteExit>;
  readonly #channel: ClientChannel;

  constructor(channel: ClientChannel, signal?: AbortSignal) {
    this.#channel = channel;
    shareWindow(channel);
    this.stdin = new ChannelInput(channel);
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
    void this.exit.then(() => {
      stopListening();
      this.stdin.destroy();
    });
  }

  resize(size: TerminalSize): void {
    this.#channel.setWindow(size.rows, size.columns, 0, 0);
  }

  kill(signal: string): void {
    this.#channel.signal(signal);
  }

  close(): void {
    this.#channel.close();
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

/**
 * The channel's sending side alone. A channel that was closed by the other side swallows writes for good without
 * calling back; here they fail, as writing to a closed pipe does.
 */
class ChannelInput extends Writable {
  readonly #channel: ClientChannel;

  constructor(channel: ClientChannel) {
    super({ highWaterMark: 256 * 1024 });
    this.#channel = channel;
    // A broken pipe is told to those who listen; a program that ends without reading its input is no error by itself.
    this.on('error', () => undefined);
    channel.once('close', () => this.destroy());
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (!this.#channel.writable) done(new TransportError('The program on the board does not take input any more.'));
    else this.#channel.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#channel.end();
    done();
  }
}
