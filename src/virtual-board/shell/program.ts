import type { Terminal } from './terminal.js';
import type { Board, BoardControl } from '../board.js';
import { errnoText } from '../storage/errno.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import type { Input, Output } from './streams.js';

/** Standard input, output and error of a program. */
export interface Streams {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Where a program runs. */
export interface ProgramOptions extends Streams {
  /** As it was called; begins its complaints. */
  readonly name: string;
  readonly args: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly user: 'root' | 'mendel';
  readonly board: Board;
  readonly control: BoardControl;
  readonly signal: AbortSignal;
  /** Absent without a pseudo-terminal. */
  readonly terminal: Terminal | undefined;
  readonly launch: Launch;
}

/** How a program starts another one: `sudo`, `env`, `xargs`. */
export type Launch = (
  words: readonly string[],
  changes: Partial<Pick<ProgramOptions, 'environment' | 'user' | 'signal' | 'stdin' | 'cwd'>>,
) => Promise<number>;

/** A program of the board; resolves with its exit status. */
export type Program = (process: BoardProcess) => Promise<number>;

/** Ends the program with a complaint on stderr. */
export class ProgramError extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** A running program and what it can do. */
export class BoardProcess {
  readonly options: ProgramOptions;
  readonly files: BoardFileSystem;

  constructor(options: ProgramOptions) {
    this.options = options;
    this.files = options.board.files.as(options.user);
  }

  get args(): readonly string[] {
    return this.options.args;
  }

  get board(): Board {
    return this.options.board;
  }

  get signal(): AbortSignal {
    return this.options.signal;
  }

  get isRoot(): boolean {
    return this.options.user === 'root';
  }

  /** Absolute path of an argument. Symlinks stay, `..` is left to the file system, which knows where they lead. */
  path(argument: string): string {
    return absolutePath(this.options.cwd, argument);
  }

  async print(text: string | Buffer): Promise<void> {
    const data = typeof text === 'string' ? Buffer.from(text) : text;
    if (data.length > 0) await this.options.stdout.write(data, this.signal);
  }

  async complain(text: string): Promise<void> {
    await this.options.stderr.write(Buffer.from(`${this.options.name}: ${text}\n`), this.signal);
  }

  /** Standard input, chunk by chunk. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = await this.options.stdin.read(this.signal);
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** Does `work` for every path; complains about those that fail and goes on. The status is 1 if any has. */
  async forEach(
    paths: readonly string[],
    work: (path: string, argument: string) => Promise<void>,
    complaint: (argument: string) => string = argument => argument,
  ): Promise<number> {
    let status = 0;
    for (const argument of paths) {
      try {
        await work(this.path(argument), argument);
      } catch (error) {
        if (!isFileError(error)) throw error;
        await this.complain(`${complaint(argument)}: ${errnoText(error)}`);
        status = 1;
      }
    }
    return status;
  }
}

/** `path` as seen from `cwd`; the empty path stays, which names nothing. */
export function absolutePath(cwd: string, path: string): string {
  if (path === '' || path.startsWith('/')) return path;
  return cwd === '/' ? `/${path}` : `${cwd}/${path}`;
}

/** Whether the error came from the board's files, so that a program tells it in its own words. */
export function isFileError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code);
}
