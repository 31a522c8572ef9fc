import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { MDT_PROGRAM } from '../fixtures/mdt-process.js';
import { runProgram, spawnProgram, type ProgramResult, type RunProgramOptions } from '../lab/program.js';

/** Command line of mdt, as tests start it. */
export const MDT: readonly string[] = [process.execPath, MDT_PROGRAM];

/** A board that contract suites may use: a virtual one, one of the lab, or hardware. */
export interface BoardUnderTest extends AsyncDisposable {
  /** What `-d` takes. */
  readonly device: string;
  /** Where sshd listens on the board itself. */
  readonly sshPort: number;
  /** Settings and keys of this host, made for the suite. */
  readonly configDir: string;
  /** The command line that runs a program at the desk, where the board can be reached. */
  atDesk(argv: readonly string[]): readonly string[];
  /** Empties the board's authorized_keys; only where a suite may. */
  forgetHosts?(): Promise<void>;
}

/** Runs mdt at the desk of `board` with the suite's settings. */
export function mdt(
  board: BoardUnderTest,
  words: readonly string[],
  options: RunProgramOptions = {},
): Promise<ProgramResult> {
  return runProgram(board.atDesk([...MDT, ...words]), {
    ...options,
    env: { ...mdtEnvironment(board), ...options.env },
  });
}

/** Starts mdt at the desk; the caller ends it. */
export function spawnMdt(board: BoardUnderTest, words: readonly string[]): ChildProcessWithoutNullStreams {
  return spawnProgram(board.atDesk([...MDT, ...words]), { env: mdtEnvironment(board) });
}

function mdtEnvironment(board: BoardUnderTest): Record<string, string | undefined> {
  return {
    MDT_CONFIG_DIR: board.configDir,
    MDT_DEVICE: board.device,
    NO_COLOR: '1',
    TERM: 'xterm',
    LANG: 'C.UTF-8',
    MDT_USERNAME: undefined,
    MDT_PASSWORD: undefined,
    MDT_ENV_WHITELIST: undefined,
  };
}
