import { configPaths } from '../config/paths.js';
import type { HostContext } from '../pairing/host.js';
import type { CliIo } from './io.js';
import { Printer } from './output/printer.js';

/** What every command works with. */
export interface Cli {
  readonly io: CliIo;
  readonly printer: Printer;
  /** What the jobs need of this host; handed on as it is. */
  readonly host: HostContext;
  /** Set by commands that hand on somebody else's exit code. */
  exitCode: number;
  /** Set by commands whose exit codes are those of a program on the board: failures of ours end with 255, as ssh's do. */
  remoteExitCodes: boolean;
}

export function createCli(io: CliIo): Cli {
  const { environment, discover, sources } = io;
  return {
    io,
    printer: new Printer(io),
    host: { paths: configPaths(environment.configDir), environment, ...(discover ? { discover } : {}), sources },
    exitCode: 0,
    remoteExitCodes: false,
  };
}
