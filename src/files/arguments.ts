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
 * The words after `mdt push`: `<local…> [remote]`, where relative remote paths are below /home/mendel. With two words or
 * more the last is the destination. As in Python MDT, a relative one that exists on this host is one more source; one that
 * ends in a slash never is, nor an absolute one, since paths such as /tmp exist on both sides. `to` is a folder, and all words are sources.
 * @throws UsageError if there is no local path or a word cannot be a path.
 */
export async function parsePushArguments(words: readonly string[], to?: string): Promise<TransferArguments> {
  words.forEach(checkWord);
  const last = words.at(-1);
  if (last === undefined) throw usage('Nothing to push.', 'Give the files or folders to push, then where to put them.');
  if (to !== undefined) return { sources: words, destination: asFolder(remotePath(checkedWord(to))) };
  if (words.length === 1) return { sources: words, destination: `${REMOTE_HOME}/` };
  if (posix.isAbsolute(last) || last.startsWith('~') || last.endsWith('/') || !(await existsHere(last))) {
    return { sources: words.slice(0, -1), destination: remotePath(last) };
  }
  const notice = `${last} exists here, so it is pushed too, to ${REMOTE_HOME}; write ${last}/ or use --to for a folder on the board.`;
  return { sources: words, destination: `${REMOTE_HOME}/`, notice };
}

/**
 * The words after `mdt pull`: `<remote…> <local>`; with one word the local folder is the current one. `to` is a local
 * folder, and all words are remote paths.
 * @throws UsageError if there is no remote path or a word cannot be a path.
 */
export function parsePullArguments(words: readonly string[], to?: string): TransferArguments {
  words.forEach(checkWord);
  const last = words.at(-1);
  if (last === undefined) throw usage('Nothing to pull.', 'Give the paths on the board, then the local folder.');
  if (to !== undefined) return { sources: words.map(remotePath), destination: asFolder(checkedWord(to)) };
  if (words.length === 1) return { sources: words.map(remotePath), destination: './' };
  return { sources: words.slice(0, -1).map(remotePath), destination: last };
}

/** An absolute path on the board: relative ones are under /home/mendel, and so are `~` and `~/…`. */
export function remotePath(word: string): string {
  if (word === '~') return `${REMOTE_HOME}/`;
  if (word.startsWith('~/')) return `${REMOTE_HOME}/${word.slice(2)}`;
  return posix.isAbsolute(word) ? word.replace(/^\/+/, '/') : `${REMOTE_HOME}/${word}`;
}

async function existsHere(word: string): Promise<boolean> {
  return stat(hostPath(word)).then(
    () => true,
    () => false,
  );
}

function asFolder(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

function checkedWord(word: string): string {
  checkWord(word);
  return word;
}

function checkWord(word: string): void {
  if (word === '') throw usage('A path is empty.', 'Check the quotes and variables of the command.');
  if (word.includes('\0')) throw usage('A path holds a NUL character.', 'No file can have such a name.');
}

function usage(message: string, hint: string): UsageError {
  return new UsageError(message, { hint });
}
