import { inspect } from 'node:util';
import type { Environment } from '../config/environment.js';
import { safeLines } from '../device/board-text.js';
import { EXIT_CODES, MdtError } from '../errors.js';
import { Interruption } from './interruption.js';
import type { Printer } from './output/printer.js';

export interface ErrorReport {
  readonly printer: Printer;
  readonly environment: Environment;
  /** The signal of the command: tells a Ctrl-C from a terminate where the error itself does not. */
  readonly signal?: AbortSignal;
}

/** Turns whatever was thrown into text on stderr and into the exit code of its family. */
export function reportError(error: unknown, report: ErrorReport): number {
  const { printer, environment, signal } = report;
  const interruption: unknown = error instanceof Interruption ? error : signal?.reason;
  // After an interruption, whatever else failed on purpose is its consequence.
  if (interruption instanceof Interruption && (error instanceof MdtError || isAbort(error))) {
    // An operation that was in the middle of something says where, and what to do now.
    if (error instanceof MdtError && error.family === 'aborted' && error.hint !== undefined) {
      printer.note(safeLines(error.message));
      printer.hint(safeLines(error.hint));
      return interruption.exitCode;
    }
    return reportInterruption(interruption, printer);
  }
  if (!(error instanceof MdtError)) return reportBug(error, printer);
  printer.note(`${printer.onStderr('red', 'error:')} ${safeLines(error.message)}`);
  if (error.hint !== undefined && error.hint !== '') printer.hint(safeLines(error.hint));
  if (environment.debug) printer.note(stackOf(error));
  return error.exitCode;
}

/** Who pressed Ctrl-C knows; a closed terminal or pipe has nobody to tell. */
function reportInterruption({ signal, exitCode }: Interruption, printer: Printer): number {
  if (signal === 'SIGINT') printer.note('Interrupted.');
  if (signal === 'SIGTERM') printer.note('Terminated.');
  return exitCode;
}

/** What Node's own operations throw when their signal aborts. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function reportBug(error: unknown, printer: Printer): number {
  printer.note(`${printer.onStderr('red', 'error:')} mdt has run into a bug of its own.`);
  printer.note(stackOf(error));
  printer.note(`mdt ${MDT_VERSION}, Node ${process.version}, ${process.platform} ${process.arch}`);
  printer.hint('Please report it with the lines above and the command that you ran.');
  return EXIT_CODES.bug;
}

/** The stack of the error and of what caused it. */
function stackOf(error: unknown): string {
  const stacks: string[] = [];
  for (let current = error; current !== undefined && stacks.length < 5;) {
    stacks.push(safeLines(current instanceof Error ? (current.stack ?? current.message) : inspect(current)));
    current = current instanceof Error ? current.cause : undefined;
  }
  return stacks.join('\ncaused by: ');
}
