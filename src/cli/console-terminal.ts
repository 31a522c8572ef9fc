import { once } from 'node:events';
import { open, type FileHandle } from 'node:fs/promises';
import type { ConsolePort } from '../console/console-port.js';
import { systemHint } from '../host/system-error.js';
import { AbortedError, FileError } from '../errors.js';
import { onAbort } from '../time/deadline.js';
import { EscapeFilter, escapeHelp } from './escape.js';
import type { CliIo } from './io.js';
import { onTerminal } from './terminal.js';

/**
 * Connects the terminal with a console, byte for byte, until the user leaves it. What is not typed but piped in is sent
 * and listened after. @throws TransportError if the console goes away, FileError if the log cannot be written
 */
export async function useOnTerminal(io: CliIo, console: ConsolePort, logFile?: string): Promise<void> {
  const ended = new AbortController();
  const stopListening = onAbort(io.signal, () => {
    ended.abort();
  });
  const log = logFile === undefined ? undefined : await openLog(logFile);
  const filter = new EscapeFilter({
    onDisconnect: () => {
      ended.abort();
    },
    onHelp: () => {
      io.stderr.write(escapeHelp());
    },
  });
  try {
    await onTerminal(io, {}, async () => {
      io.stdin.pipe(filter);
      try {
        await Promise.race([show(io, console, { log, signal: ended.signal }), send(filter, console)]);
      } finally {
        io.stdin.unpipe(filter);
        io.stdin.pause();
      }
    });
  } finally {
    stopListening();
    ended.abort();
    filter.destroy();
    await log?.close();
  }
}

/** Prints what the board says as it is, until `signal` aborts. */
async function show(
  io: CliIo,
  console: ConsolePort,
  { log, signal }: { readonly log: FileHandle | undefined; readonly signal: AbortSignal },
): Promise<void> {
  try {
    for (;;) {
      const bytes = await console.read(signal);
      await append(log, bytes);
      if (!io.stdout.write(bytes)) await once(io.stdout, 'drain', { signal });
    }
  } catch (error) {
    // The user has left, or the command was ended: neither is an error here.
    if (!signal.aborted || !isAbort(error)) throw error;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof AbortedError || (error instanceof Error && error.name === 'AbortError');
}

/** Sends what is typed; rejects if that fails, and never resolves: the end of the input is not the end of the console. */
async function send(filter: EscapeFilter, console: ConsolePort): Promise<never> {
  return await new Promise<never>((_resolve, reject) => {
    filter.on('data', (keys: Buffer) => {
      filter.pause();
      console.write(keys).then(() => filter.resume(), reject);
    });
  });
}

async function openLog(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'a');
  } catch (error) {
    throw logError(file, error);
  }
}

async function append(log: FileHandle | undefined, bytes: Buffer): Promise<void> {
  try {
    await log?.appendFile(bytes);
  } catch (error) {
    throw logError('', error);
  }
}

function logError(file: string, cause: unknown): FileError {
  return new FileError(file === '' ? 'The log cannot be written.' : `The log ${file} cannot be written.`, {
    hint: systemHint(cause),
    cause,
  });
}
