// The start of the command. It imports next to nothing, so that `mdt version` costs little more than node does.
import type { CliIo } from './io.js';
import { VERSION_LINE } from './version-line.js';

/**
 * Runs one command line (the words after `mdt`) against `io`.
 * Resolves with the exit code; errors have then been reported on stderr. Never rejects.
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  const { runProgram } = await import('./program.js');
  return await runProgram(argv, io);
}

/** Runs the command line of this process, and ends the process. */
export async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.length === 1 && (argv[0] === 'version' || argv[0] === '--version')) {
    // Where it cannot be written, the long way tells why.
    process.stdout.once('error', () => void runHere(argv));
    process.stdout.write(`${VERSION_LINE}\n`);
    return;
  }
  await runHere(argv);
}

async function runHere(argv: readonly string[]): Promise<void> {
  const { openProcess } = await import('./process.js');
  const own = openProcess();
  await own.end(await run(argv, own.io));
}
