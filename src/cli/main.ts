import type { CliIo } from './io.js';
import { openProcess } from './process.js';
import { runProgram } from './program.js';

/**
 * Runs one command line (the words after `mdt`) against `io`.
 * Resolves with the exit code; errors have then been reported on stderr. Never rejects.
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  return await runProgram(argv, io);
}

/** Runs the command line of this process, and ends the process; `beforeEnd` is called when all is done. */
export async function main(beforeEnd: () => void = () => undefined): Promise<void> {
  const own = openProcess();
  const exitCode = await run(process.argv.slice(2), own.io);
  await own.end(exitCode, beforeEnd);
}
