import { fileTrouble } from '../host/file-trouble.js';
import { writePrivateFile } from '../host/private-file.js';
import { readTextFile } from '../host/text-file.js';
import { AmbiguousDeviceError } from '../errors.js';
import { withFileLock } from '../host/file-lock.js';
import { fingerprint, sameHostKey, type HostKey } from './host-key.js';
import type { KnownBoard } from './known-board.js';
import { parseKnownBoards, serializeKnownBoards } from './known-boards-format.js';

export type { KnownBoard } from './known-board.js';

/**
 * All known boards; none if the file is not there.
 * @throws FileError if the file is damaged or written by a later version; it is left as it is.
 */
export async function loadKnownBoards(file: string): Promise<KnownBoard[]> {
  const text = await readTextFile(file);
  return text === undefined ? [] : parseKnownBoards(text, file);
}

/** Adds the board, or replaces what was known of the board with this host key. */
export async function rememberBoard(file: string, board: KnownBoard): Promise<void> {
  await update(file, boards => [board, ...boards.filter(known => !sameHostKey(known.hostKey, board.hostKey))]);
}

/**
 * Forgets the board with this host key or name and returns it; undefined if it was not known.
 * @throws AmbiguousDeviceError if several boards have this name.
 */
export async function forgetBoard(file: string, board: HostKey | string): Promise<KnownBoard | undefined> {
  let forgotten: KnownBoard | undefined;
  await update(file, boards => {
    const matches = boards.filter(known =>
      typeof board === 'string' ? known.name.toLowerCase() === board.toLowerCase() : sameHostKey(known.hostKey, board),
    );
    if (matches.length > 1) throw ambiguous(matches);
    forgotten = matches[0];
    return boards.filter(known => known !== forgotten);
  });
  return forgotten;
}

/** Reads, changes and writes while no other process does; the file is replaced as a whole. */
async function update(file: string, change: (boards: readonly KnownBoard[]) => readonly KnownBoard[]): Promise<void> {
  await withFileLock(file, async () => {
    const boards = await loadKnownBoards(file);
    const text = serializeKnownBoards(change(boards));
    if (text !== serializeKnownBoards(boards)) await write(file, text);
  });
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writePrivateFile(file, text);
  } catch (error) {
    throw fileTrouble(`The list of known boards, ${file}, cannot be written.`, file, error);
  }
}

function ambiguous(matches: readonly KnownBoard[]): AmbiguousDeviceError {
  const candidates = matches.map(board => `${board.name} (${fingerprint(board.hostKey)})`);
  return new AmbiguousDeviceError(`Several known boards have this name: ${candidates.join(', ')}.`, {
    hint: 'Connect the one that is meant and name it by its address.',
    facts: { candidates },
  });
}
