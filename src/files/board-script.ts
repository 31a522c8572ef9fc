import { FileError, TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { quoteWord, quoteWords } from '../ssh/quote.js';
import type { RunOptions, SshSession } from '../ssh/session.js';
import { isText } from './names.js';

/**
 * A shell script as one command: whatever the login shell is, `sh` runs it, with `args` as its positional parameters.
 * The script is constant text; nothing from outside is ever spliced into it.
 */
export function scriptCommand(script: string, args: readonly (string | number)[]): string {
  const words = args.map(String);
  for (const word of words) {
    if (!isText(word) || word.includes('\0')) {
      throw new FileError(`${safeText(word)} has a name that cannot be written in a command.`, {
        facts: { path: word },
        hint: 'Rename it, or transfer the folder that it is in.',
      });
    }
  }
  return `exec sh -c ${quoteWord(script)} mdt ${quoteWords(words)}`;
}

export interface ScriptResult {
  /** 128 where a signal ended it. */
  readonly code: number;
  readonly stdout: Buffer;
  /** What it complained about; not yet safe to print. */
  readonly said: string;
}

export interface BoardScript {
  readonly script: string;
  readonly args: readonly (string | number)[];
}

/** Runs a script to its end. @throws TransportError if the connection broke before, and what `SshSession.run` throws */
export async function runScript(
  session: SshSession,
  { script, args }: BoardScript,
  options: RunOptions,
): Promise<ScriptResult> {
  const { exit, stdout, stderr } = await session.run(scriptCommand(script, args), options);
  if (exit.kind === 'lost') throw new TransportError('The connection to the board was lost.');
  return { code: exit.kind === 'exit' ? exit.code : 128, stdout, said: stderr.toString('utf8') };
}
