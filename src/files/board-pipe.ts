import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { TransportError } from '../errors.js';
import type { RemoteExit, RemoteProcess } from '../ssh/session.js';

const MAX_SAID = 64 * 1024;
/** Scripts say a handful of lines; what a board says beyond that is nothing to wait for, nor to keep. */
const MAX_LINES = 64;

/** What a script of the board says while data flows into it: whole lines of stdout, and stderr as text. */
export class BoardPipe {
  readonly #program: RemoteProcess;
  readonly #lines: string[] = [];
  readonly #onErrorLine: ((line: string) => boolean) | undefined;
  #heardLines = 0;
  #said = '';
  #partial = '';
  #partialError = '';
  #exit: RemoteExit | undefined;
  #wake: () => void = () => undefined;
  #stopSending: () => void = () => undefined;

  /** `onErrorLine` takes lines of stderr that are no errors out of what `said` returns, by returning true. */
  constructor(program: RemoteProcess, onErrorLine?: (line: string) => boolean) {
    this.#program = program;
    this.#onErrorLine = onErrorLine;
    program.stdout.on('data', (chunk: Buffer) => {
      const lines = (this.#partial + chunk.toString('latin1')).slice(-MAX_SAID).split('\n');
      this.#partial = lines.pop() ?? '';
      const wanted = lines.slice(0, MAX_LINES - this.#heardLines);
      this.#heardLines += wanted.length;
      this.#lines.push(...wanted);
      this.#wake();
    });
    program.stderr.on('data', (chunk: Buffer) => {
      this.#hear(chunk.toString('utf8'));
    });
    program.stdin.once('close', () => {
      this.#stopSending();
    });
    void program.exit.then(exit => {
      this.#exit = exit;
      this.#wake();
      this.#stopSending();
    });
  }

  /** What the board complained about, the last 64 KiB of it. */
  get said(): string {
    return this.#said + this.#partialError;
  }

  get hasEnded(): boolean {
    return this.#exit !== undefined;
  }

  /** The next line of stdout; undefined once the script has ended. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined || this.#exit) return line;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends; resolves when the chunk has been taken and may be used again. False once the script has stopped reading. */
  async send(chunk: Uint8Array | string): Promise<boolean> {
    const { stdin } = this.#program;
    if (stdin.destroyed || this.#exit) return false;
    await new Promise<void>(resolve => {
      this.#stopSending = resolve;
      stdin.write(chunk, () => {
        resolve();
      });
    });
    return !stdin.destroyed;
  }

  /** Sends all chunks as one gzip stream. */
  async sendCompressed(chunks: AsyncIterable<Buffer>, level: number): Promise<boolean> {
    // It takes the next chunk only when it is done with the last one, which may be used again then.
    const options = { level, chunkSize: 64 * 1024, writableHighWaterMark: 1 };
    const gzip = createGzip(options);
    // What goes wrong with the chunks comes out of the loop below.
    const feeding = pipeline(chunks, gzip).catch(() => undefined);
    try {
      for await (const packed of gzip) if (!(await this.send(packed as Buffer))) return false;
      return true;
    } finally {
      gzip.destroy();
      await feeding;
    }
  }

  end(): void {
    this.#program.stdin.end();
  }

  /** Resolves with the exit status of the script, 128 + n where a signal ended it. @throws TransportError */
  async ended(): Promise<number> {
    const exit = await this.#program.exit;
    if (exit.kind === 'exit') return exit.code;
    if (exit.kind === 'signal') return 128;
    throw new TransportError('The connection to the board was lost in the middle of the transfer.', {
      hint: 'Repeat the command with --resume to continue.',
    });
  }

  close(): void {
    this.#program.close();
  }

  #hear(text: string): void {
    const lines = (this.#partialError + text).split(/[\r\n]/);
    this.#partialError = (lines.pop() ?? '').slice(-MAX_SAID);
    for (const line of lines) {
      if (this.#onErrorLine?.(line) !== true) this.#said = `${this.#said}${line}\n`.slice(-MAX_SAID);
    }
  }
}
