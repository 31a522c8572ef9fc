import { FileError, type MdtErrorDetails } from '../errors.js';
import { safeText } from '../device/board-text.js';

/** The file system of the board or of this host has no room for what was to be written. */
export class NoSpaceError extends FileError {}

export interface FailureFacts {
  /** The file or folder it was about, as the user knows it. */
  readonly path: string;
  readonly neededBytes?: number;
  readonly freeBytes?: number | undefined;
  readonly cause?: unknown;
}

/**
 * The error for what a program of the board said when it could not write: it names the file and the reason, and the
 * last line of the program where the reason is none of the usual ones.
 */
export function boardFailure(said: string, facts: FailureFacts): FileError {
  const path = safeText(facts.path);
  const details = (reason: string, hint?: string): MdtErrorDetails => ({
    hint,
    cause: facts.cause,
    facts: { ...facts, cause: undefined, reason, said: safeText(said, 2000) },
  });
  if (/No space left on device|Disk quota exceeded/i.test(said)) return noSpace(facts, 'the board');
  if (/Read-only file system/i.test(said)) {
    return new FileError(
      `${path} cannot be written: its file system on the board is read-only.`,
      details('read-only', 'Choose another folder, or mount it for writing.'),
    );
  }
  if (/Permission denied|Operation not permitted/i.test(said)) {
    return new FileError(
      `The board does not permit writing ${path}.`,
      details('permission', 'Push to /home/mendel and move it with `mdt exec sudo mv`.'),
    );
  }
  const lines = said.split('\n').filter(line => line.trim() !== '');
  const last = safeText(lines.at(-1) ?? 'the board did not say why');
  return new FileError(`${path} could not be written on the board: ${last}.`, details('other'));
}

/** The error of a transfer whose part is gone: another one of the same file has removed or continued it. */
export function overtaken(task: 'push' | 'pull', path: string): FileError {
  return new FileError(`Another ${task} of ${safeText(path)} has taken the place of this one.`, {
    facts: { path, reason: 'overtaken' },
    hint: 'What that one puts in place is whole; repeat the command if this is to be the last.',
  });
}

export function noSpace(facts: FailureFacts, where: string): NoSpaceError {
  const needed = facts.neededBytes === undefined ? '' : ` of ${formatBytes(facts.neededBytes)}`;
  const free = facts.freeBytes === undefined ? '' : ` (${formatBytes(facts.freeBytes)} free)`;
  return new NoSpaceError(`There is no space on ${where} for ${safeText(facts.path)}${needed}${free}.`, {
    cause: facts.cause,
    facts: { path: facts.path, neededBytes: facts.neededBytes, freeBytes: facts.freeBytes, reason: 'no-space' },
    hint: `Make room on ${where} and try again.`,
  });
}

/** For people: `200.0 MB`, with decimal units as `df -H` has them. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${String(bytes)} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit] ?? ''}`;
}
