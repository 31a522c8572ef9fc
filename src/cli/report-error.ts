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
  const { printer, environment } = report;
  if (!(error instanceof MdtError)) return reportBug(error, printer);
  // After an interruption, whatever else went wrong is its consequence.
  if (error.family === 'aborted' || report.signal?.reason instanceof Interruption) return reportEnd(error, report);
  printer.note(`${printer.onStderr('red', 'error:')} ${safeLines(error.message)}`);
  if (error.hint !== undefined && error.hint !== '') printer.hint(safeLines(error.hint));
  if (environment.debug) printer.note(stackOf(error));
  return error.exitCode;
}

/** The user ended it, who knows; only a terminate from elsewhere is worth a line. */
function reportEnd(error: MdtError, { printer, signal }: ErrorReport): number {
  const interruption = error instanceof Interruption ? error : (signal?.reason as unknown);
  if (!(interruption instanceof Interruption)) {
    printer.note(error.message);
    return error.exitCode;
  }
  if (interruption.signal === 'SIGINT') printer.note('Interrupted.');
  if (interruption.signal === 'SIGTERM') printer.note('Terminated.');
  return interruption.exitCode;
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
