import type { Board, BoardControl } from '../board.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import type { Expander } from './expand.js';
import type { JobTable } from './jobs.js';
import type { Streams } from './program.js';
import type { ShellState } from './shell-state.js';
import type { Command, Script } from './syntax.js';
import type { Terminal } from './terminal.js';

/** What all shells of one login share. */
export interface Session {
  readonly board: Board;
  readonly control: BoardControl;
  readonly jobs: JobTable;
  /** Absent without a pseudo-terminal. */
  readonly terminal: Terminal | undefined;
}

/** How a script runs: with which streams, until when, and whether a failure is looked at, so that `set -e` lets it pass. */
export interface Running {
  readonly streams: Streams;
  readonly signal: AbortSignal;
  readonly isCondition: boolean;
}

/** Where a program starts. */
export interface ProgramPlace {
  readonly running: Running;
  readonly environment: ReadonlyMap<string, string>;
}

/** The interpreter as its parts see it. All of it throws AbortedError and the signals of control-flow.ts. */
export interface Shell {
  readonly session: Session;
  readonly state: ShellState;
  readonly files: BoardFileSystem;
  run(script: Script, running: Running): Promise<number>;
  runCommand(command: Command, running: Running): Promise<number>;
  /** Runs in a copy of this shell, so that its changes stay there. */
  runSubshell(script: Script, running: Running): Promise<number>;
  expander(running: Running): Expander;
  /** Prints a complaint of the shell itself. */
  complain(text: string, running: Running): Promise<void>;
  /** Another shell of the same login with its own state. */
  spawn(state: ShellState): Shell;
  /** Parses and runs a text in this shell, as `eval` does: `exit` in it ends the shell. */
  evaluate(text: string, running: Running): Promise<number>;
  /** Parses and runs a text to its end or to `exit`; a syntax error is told and gives status 2. */
  runText(text: string, running: Running): Promise<number>;
}
