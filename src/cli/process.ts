import { readEnvironment } from '../config/environment.js';
import { systemHint } from '../host/system-error.js';
import { FileError } from '../errors.js';
import { Interruption, type EndingSignal } from './interruption.js';
import type { CliIo } from './io.js';
import { reportError } from './report-error.js';
import { Printer } from './output/printer.js';

const ENDING_SIGNALS: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export interface OwnProcess {
  readonly io: CliIo;
  /** Waits until everything written has left the process, calls `beforeEnd`, then ends the process. */
  end(exitCode: number, beforeEnd: () => void): Promise<never>;
}

/**
 * Connects the command line to this process. The first signal asks the command to end in order, the second ends it at
 * once; a reader of our output that goes away (`mdt devices | head -1`) ends it quietly, as SIGPIPE does elsewhere.
 */
export function openProcess(): OwnProcess {
  const controller = new AbortController();
  const io: CliIo = {
    // Opening stdin takes milliseconds, and few commands read it.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    environment: readEnvironment(),
    signal: controller.signal,
  };
  const interrupt = (signal: EndingSignal): void => {
    const interruption = new Interruption(signal);
    if (controller.signal.aborted) process.exit(interruption.exitCode);
    controller.abort(interruption);
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, interrupt);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // What is on its way out already is not stopped by having nowhere to say so.
      if (controller.signal.aborted) return;
      // EIO: the terminal was hung up.
      if (error.code === 'EPIPE' || error.code === 'EIO') interrupt(error.code === 'EIO' ? 'SIGHUP' : 'SIGPIPE');
      else endWith(outputError(error), io);
    });
  }
  const onBug = (error: unknown): void => {
    endWith(error, io);
  };
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);
  return { io, end };
}

/** There is nowhere to put the result: a full disk, for one. */
function outputError(error: NodeJS.ErrnoException): FileError {
  return new FileError('The output cannot be written.', { hint: systemHint(error), cause: error });
}

function endWith(error: unknown, io: CliIo): never {
  process.exit(reportError(error, { printer: new Printer(io), environment: io.environment }));
}

async function end(exitCode: number, beforeEnd: () => void): Promise<never> {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  beforeEnd();
  process.exit(exitCode);
}

async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || !stream.writable) return;
  await new Promise<void>(resolve => {
    stream.once('error', () => {
      resolve();
    });
    stream.write('', () => {
      resolve();
    });
  });
}
