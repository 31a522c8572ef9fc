import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Board } from '../../src/virtual-board/board.js';
import { releaseOf } from '../../src/virtual-board/release.js';
import { HOME } from '../../src/virtual-board/root-tree.js';
import { Interpreter } from '../../src/virtual-board/shell/interpreter.js';
import { JobTable } from '../../src/virtual-board/shell/jobs.js';
import { ShellState, type ShellFlavour } from '../../src/virtual-board/shell/shell-state.js';
import { CollectedOutput, TextInput } from '../../src/virtual-board/shell/streams.js';
import { tempDir } from '../fixtures/temp-dir.js';

export interface ShellResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface ShellOnBoard {
  readonly board: Board;
  /** What the programs asked of the board. */
  readonly asked: string[];
  /** Path on this host of a path on the board. */
  readonly path: (boardPath: string) => string;
  readonly run: (script: string, options?: RunOptions) => Promise<ShellResult>;
  /** Standard output of a script that ends well and complains of nothing. */
  readonly out: (script: string, input?: string | Buffer) => Promise<string>;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly flavour?: ShellFlavour;
  readonly signal?: AbortSignal;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** A shell on the files of a board that has no network. */
export async function shellOnBoard(t: ExecutionContext): Promise<ShellOnBoard> {
  const rootDir = join(await tempDir(t), 'root');
  await mkdir(rootDir);
  const board = new Board({ name: 'shy-clam', release: releaseOf('eagle'), rootDir, faults: {} });
  await board.install();
  const asked: string[] = [];
  const control = {
    reboot: (into: string) => asked.push(`reboot into ${into}`),
    restartKeymaster: () => {
      asked.push('restart keymaster');
      return Promise.resolve();
    },
    isKeymasterRunning: () => true,
  };
  const run = async (script: string, options: RunOptions = {}): Promise<ShellResult> => {
    const state = new ShellState('mendel', HOME, options.flavour ?? 'bash');
    state.export('HOME', HOME);
    state.export('USER', 'mendel');
    const jobs = new JobTable(board.poweredOff);
    const shell = new Interpreter({ board, control, jobs, terminal: undefined }, state);
    const [stdout, stderr] = [new CollectedOutput(MAX_OUTPUT_BYTES), new CollectedOutput(MAX_OUTPUT_BYTES)];
    const streams = { stdin: new TextInput(options.input), stdout, stderr };
    const signal = options.signal ?? new AbortController().signal;
    const code = await shell.runText(script, { streams, signal, isCondition: false });
    await jobs.wait();
    return { code, out: stdout.text(), err: stderr.text() };
  };
  return {
    board,
    asked,
    path: boardPath => join(rootDir, boardPath),
    run,
    out: async (script, input) => {
      const result = await run(script, input === undefined ? {} : { input });
      t.is(result.err, '', script);
      t.is(result.code, 0, script);
      return result.out;
    },
  };
}
