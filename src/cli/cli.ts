import type { Environment } from '../config/environment.js';
import { configPaths, type ConfigPaths } from '../config/paths.js';
import type { CliIo } from './io.js';
import { Printer } from './output/printer.js';

/** What every command works with. */
export interface Cli {
  readonly io: CliIo;
  readonly printer: Printer;
  /** What the jobs need of this host; handed on as it is. */
  readonly host: { readonly paths: ConfigPaths; readonly environment: Environment };
  /** Set by commands that hand on somebody else's exit code. */
  exitCode: number;
  /** Set by commands whose exit codes are those of a program on the board: failures of ours end with 255, as ssh's do. */
  remoteExitCodes: boolean;
}

export function createCli(io: CliIo): Cli {
  const { environment } = io;
  return {
    io,
    printer: new Printer(io),
    host: { paths: configPaths(environment.configDir), environment },
    exitCode: 0,
    remoteExitCodes: false,
  };
}
