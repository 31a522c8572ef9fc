import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { UsageError } from '../errors.js';
import { hostPath } from '../remote/names.js';

/** Where MDT 1.5.2 puts what it is given no place for, and what relative remote paths are under. */
export const REMOTE_HOME = '/home/mendel';

export interface TransferArguments {
  readonly sources: readonly string[];
  readonly destination: string;
  /** One sentence the user should see before the transfer, where MDT's rules may surprise. */
  readonly notice?: string;
}

/**
 * The words after `mdt push`, by MDT's rules: `<local…> [remote]`. A last word that exists on this host is a local path
 * too, and the remote folder is then /home/mendel; a relative remote path is under it.
 * @throws UsageError if there is no local path or a word cannot be a path.
 */
export async function parsePushArguments(words: readonly string[]): Promise<TransferArguments> {
  const last = words.at(-1);
  if (last === undefined) throw usage('Nothing to push.', 'Give the files or folders to push, then where to put them.');
  words.forEach(checkWord);
  if (words.length === 1) return { sources: words, destination: `${REMOTE_HOME}/` };
  if (!(await existsHere(last))) return { sources: words.slice(0, -1), destination: remotePath(last) };
  const arguments_ = { sources: words, destination: `${REMOTE_HOME}/` };
  if (!posix.isAbsolute(last)) return arguments_;
  return {
    ...arguments_,
    notice: `${last} exists on this host too, so it is pushed to ${REMOTE_HOME}; write ${doubleSlash(last)} to mean the board's.`,
  };
}

/**
 * The words after `mdt pull`: `<remote…> <local-dir>`; with one word the local folder is the current one.
 * @throws UsageError if there is no remote path or a word cannot be a path.
 */
export function parsePullArguments(words: readonly string[]): TransferArguments {
  words.forEach(checkWord);
  const [first, ...others] = words;
  if (first === undefined) throw usage('Nothing to pull.', 'Give the paths on the board, then the local folder.');
  if (others.length === 0) return { sources: [remotePath(first)], destination: './' };
  return { sources: words.slice(0, -1).map(remotePath), destination: others.at(-1) ?? './' };
}

/** An absolute path on the board: relative ones are under /home/mendel, and so are `~` and `~/…`. */
export function remotePath(word: string): string {
  if (word === '~') return `${REMOTE_HOME}/`;
  if (word.startsWith('~/')) return `${REMOTE_HOME}/${word.slice(2)}`;
  return posix.isAbsolute(word) ? word.replace(/^\/+/, '/') : `${REMOTE_HOME}/${word}`;
}

async function existsHere(word: string): Promise<boolean> {
  if (word.startsWith('//')) return false;
  return stat(hostPath(word)).then(
    () => true,
    () => false,
  );
}

function doubleSlash(path: string): string {
  return `/${path}`;
}

function checkWord(word: string): void {
  if (word === '') throw usage('A path is empty.', 'Check the quotes and variables of the command.');
  if (word.includes('\0')) throw usage('A path holds a NUL character.', 'No file can have such a name.');
}

function usage(message: string, hint: string): UsageError {
  return new UsageError(message, { hint });
}
