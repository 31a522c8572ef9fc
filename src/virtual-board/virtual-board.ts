import { randomInt } from 'node:crypto';
import { mkdtemp, readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectories } from '../host/make-directories.js';
import { UsageError } from '../errors.js';
import { Board } from './board.js';
import type { VirtualBoard, VirtualBoardOptions } from './options.js';
import { releaseOf } from './release.js';
import { RunningBoard } from './running-board.js';
import { removeFolder } from './storage/remove-folder.js';

export type {
  AnnouncementState,
  BootloaderOptions,
  EmmcFiles,
  PartitionPlan,
  PowerState,
  VirtualBoard,
  VirtualBoardOptions,
} from './options.js';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/**
 * Starts a board. It runs in this process, its files are those of a folder, and what runs on it is part of mdt: no program
 * of the host is started, but Python for mdt's own benchmark agent.
 * @throws UsageError for a name that no host can have, and the host's own error if an address or a port cannot be
 * listened on. A board that cannot be announced still runs; `announcement` tells why.
 */
export async function startVirtualBoard(options: VirtualBoardOptions = {}): Promise<VirtualBoard> {
  const isTemporary = options.rootDir === undefined;
  const folder = options.rootDir ?? (await mkdtemp(join(tmpdir(), 'mdt-virtual-board-')));
  try {
    makeDirectories(folder, 0o755);
    const rootDir = await realpath(folder);
    const name = options.name ?? (await storedName(rootDir)) ?? newName();
    if (!NAME.test(name)) {
      throw new UsageError(`${JSON.stringify(name)} cannot be the name of a board.`, {
        hint: 'Names are letters, digits and dashes, at most 63.',
      });
    }
    const release = releaseOf(options.release ?? 'eagle');
    const board = new Board({ name, release, rootDir, faults: options.faults ?? {} });
    return await RunningBoard.start(board, options, { rootDir, isTemporary });
  } catch (error) {
    if (isTemporary) await removeFolder(folder);
    throw error;
  }
}

async function storedName(rootDir: string): Promise<string | undefined> {
  const text = await readFile(join(rootDir, 'etc', 'hostname'), 'utf8').catch(() => '');
  return text.trim() === '' ? undefined : text.trim();
}

/** As Mendel names its boards, out of shorter lists. */
function newName(): string {
  const adjectives = ['bored', 'clever', 'eager', 'green', 'jolly', 'keen', 'lucky', 'quiet', 'shy', 'tidy'];
  const nouns = ['apple', 'bird', 'clam', 'eel', 'fish', 'horn', 'kite', 'lamp', 'pear', 'wasp'];
  const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? '';
  return `${pick(adjectives)}-${pick(nouns)}`;
}
