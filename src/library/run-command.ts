import { constants } from 'node:os';
import { TransportError } from '../errors.js';
import { quoteWords } from '../ssh/quote.js';
import type { RemoteExit, RunOptions, SshSession } from '../ssh/session.js';

/** How a command of a board is run to its end. */
export interface CommandOptions extends RunOptions {
  /** `utf8` gives text; `buffer`, the default, the bytes. */
  readonly encoding?: 'utf8' | 'buffer' | undefined;
}

/** What a command printed and how it ended. A command that fails is a result, not an error. */
export interface CommandResult<Output extends string | Buffer = Buffer> {
  readonly stdout: Output;
  readonly stderr: Output;
  /** As a shell reports it: 128 + n where signal n ended the command. */
  readonly exitCode: number;
  /** Name of the signal that ended the command, without `SIG`. */
  readonly signal?: string;
}

/**
 * Runs a command in the login shell of the board. A string is read by that shell; a list of words is quoted, so that
 * each word arrives unchanged.
 * @throws TransportError if the connection is lost before the command ends, TimeoutError, ProtocolError, AbortedError
 */
export async function runCommand(
  session: SshSession,
  command: string | readonly string[],
  options: RunOptions,
): Promise<CommandResult> {
  const line = typeof command === 'string' ? command : quoteWords(command);
  const { stdout, stderr, exit } = await session.run(line, options);
  return { stdout, stderr, ...endingOf(exit) };
}

function endingOf(exit: RemoteExit): Pick<CommandResult, 'exitCode' | 'signal'> {
  switch (exit.kind) {
    case 'exit':
      return { exitCode: exit.code };
    case 'signal':
      return { exitCode: 128 + signalNumber(exit.signal), signal: exit.signal };
    case 'lost':
      throw new TransportError('The connection was lost before the command ended.', {
        hint: 'Connect again and look whether the command has done its work.',
      });
  }
}

function signalNumber(name: string): number {
  return Object.entries(constants.signals).find(([signal]) => signal === `SIG${name}`)?.[1] ?? 0;
}
