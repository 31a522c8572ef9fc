import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** How a program ended and what it said. */
export interface ProgramResult {
  /** Exit code, 128 + n for signal n as a shell reports it. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface RunProgramOptions {
  readonly input?: string | Uint8Array;
  /** Added to this process's environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Default 110 s; the program is killed then and the promise rejects. */
  readonly timeoutMs?: number;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

/** Starts a program with three pipes; its own process group, so that a terminal's Ctrl-C does not reach it. */
export function spawnProgram(argv: readonly string[], options: RunProgramOptions = {}): ChildProcessWithoutNullStreams {
  const [file = '', ...args] = argv;
  return spawn(file, args, {
    stdio: 'pipe',
    detached: true,
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** Runs a program to its end. Rejects if it cannot start or does not end in time, never because of its exit code. */
export async function runProgram(argv: readonly string[], options: RunProgramOptions = {}): Promise<ProgramResult> {
  const child = spawnProgram(argv, options);
  child.stdin.on('error', () => undefined); // A program may end without reading its input.
  child.stdin.end(options.input);
  const result = collect(child);
  const timeoutMs = options.timeoutMs ?? 110_000;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${argv.join(' ')} did not end within ${String(timeoutMs)} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a program that must succeed; its standard output as text without the last line end. */
export async function mustRun(argv: readonly string[], options: RunProgramOptions = {}): Promise<string> {
  const result = await runProgram(argv, options);
  if (result.code !== 0) {
    throw new Error(`${argv.join(' ')} ended with ${String(result.code)}: ${result.stderr.toString().trim()}`);
  }
  return result.stdout.toString().replace(/\n$/, '');
}

/** Waits for a spawned program to end and for its output streams to close. */
export async function collect(child: ChildProcessWithoutNullStreams): Promise<ProgramResult> {
  const stdout = gather(child.stdout);
  const stderr = gather(child.stderr);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      resolve(exitCode ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0));
    });
  });
  return { code, stdout: await stdout, stderr: await stderr };
}

/** Reads a stream line by line as it comes; the program behind it is never held up. */
export class LineReader {
  readonly #lines: string[] = [];
  readonly #changed = new EventEmitter();
  #next = 0;
  #ended = false;

  constructor(stream: Readable) {
    const lines = createInterface({ input: stream });
    lines.on('line', line => {
      this.#lines.push(line);
      this.#changed.emit('change');
    });
    lines.on('close', () => {
      this.#ended = true;
      this.#changed.emit('change');
    });
  }

  /** Everything that has been read. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * Resolves with the first line that matches, of those after the line that the last call resolved with.
   * Rejects if the stream ends or the time is up before, saying what came.
   */
  async waitFor(pattern: RegExp, timeoutMs = 60_000): Promise<string> {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const line = this.#lines[this.#next++];
      if (line === undefined) {
        this.#next--;
        if (this.#ended || deadline.aborted) {
          throw new Error(`no line matched ${String(pattern)} in:\n${this.#lines.slice(-20).join('\n')}`);
        }
        // At the deadline the loop says what came.
        await once(this.#changed, 'change', { signal: deadline }).catch(() => undefined);
      } else if (pattern.test(line)) return line;
    }
  }
}

/** Resolves with the first line that matches; see `LineReader`. */
export async function waitForLine(stream: Readable, pattern: RegExp, timeoutMs?: number): Promise<string> {
  return new LineReader(stream).waitFor(pattern, timeoutMs);
}

async function gather(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
