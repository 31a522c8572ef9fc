import type { Stats } from 'node:fs';
import type { BoardFileSystem } from './file-system.js';

export interface Owner {
  readonly name: 'root' | 'mendel';
  readonly uid: number;
  readonly gid: number;
}

const ROOT: Owner = { name: 'root', uid: 0, gid: 0 };
const MENDEL: Owner = { name: 'mendel', uid: 1000, gid: 1000 };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const HALF_YEAR_MS = 182 * 24 * 3600 * 1000;

/** Who owns a path of the board; the host's own owners mean nothing there. */
export function ownerOf(files: BoardFileSystem, path: string): Owner {
  return files.isOwnedByRoot(path) ? ROOT : MENDEL;
}

/** One letter as in `ls -l` and find's %y, `-` or `f` for a file. */
export function typeLetter(stats: Stats, file = '-'): string {
  if (stats.isDirectory()) return 'd';
  if (stats.isSymbolicLink()) return 'l';
  if (stats.isFIFO()) return 'p';
  if (stats.isSocket()) return 's';
  if (stats.isCharacterDevice()) return 'c';
  return stats.isBlockDevice() ? 'b' : file;
}

/** `drwxr-xr-x` of a mode. */
export function modeLetters(stats: Stats): string {
  const bits = stats.mode & 0o777;
  const triples = [6, 3, 0].map(shift => {
    const three = (bits >> shift) & 7;
    return `${(three & 4) !== 0 ? 'r' : '-'}${(three & 2) !== 0 ? 'w' : '-'}${(three & 1) !== 0 ? 'x' : '-'}`;
  });
  return `${typeLetter(stats)}${triples.join('')}`;
}

/** One line of `ls -l`, without the target of a symlink. Times are UTC, as a board's are. */
export function listingLine(name: string, stats: Stats, owner: Owner): string {
  const size = String(stats.size).padStart(8);
  const who = `${owner.name} ${owner.name}`.padEnd(13);
  return `${modeLetters(stats)} ${String(stats.nlink).padStart(2)} ${who} ${size} ${listingTime(stats.mtime)} ${name}`;
}

function listingTime(time: Date): string {
  const day = `${MONTHS[time.getUTCMonth()] ?? ''} ${String(time.getUTCDate()).padStart(2)}`;
  const isRecent = Math.abs(Date.now() - time.getTime()) < HALF_YEAR_MS;
  return `${day} ${isRecent ? time.toISOString().slice(11, 16) : ` ${String(time.getUTCFullYear())}`}`;
}
