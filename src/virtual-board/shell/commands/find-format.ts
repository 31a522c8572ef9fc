import type { Stats } from 'node:fs';
import { posix } from 'node:path';
import { modeLetters, ownerOf, typeLetter } from '../../storage/listing.js';
import { escapeText } from '../escape.js';
import type { BoardProcess } from '../program.js';

/** A path that `find` came to. */
export interface Visit {
  /** As it is printed: the starting point as it was written and what is below it. */
  readonly path: string;
  /** The starting point as it was written. */
  readonly start: string;
  /** What of it is below the starting point; empty at the starting point. */
  readonly below: string;
  readonly boardPath: string;
  readonly depth: number;
  readonly stats: Stats;
}

/** What `-printf FORMAT` prints for one path. */
export async function formatVisit(process: BoardProcess, visit: Visit, format: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const match of format.matchAll(/%([TAC]@|[a-zA-Z%])/g)) {
    pieces.push(escapeText(format.slice(at, match.index)).bytes);
    pieces.push(Buffer.from(await directive(process, visit, match[1] ?? '')));
    at = match.index + match[0].length;
  }
  pieces.push(escapeText(format.slice(at)).bytes);
  return Buffer.concat(pieces);
}

async function directive(process: BoardProcess, visit: Visit, letter: string): Promise<string> {
  const { stats } = visit;
  const owner = ownerOf(process.files, visit.boardPath);
  const fields: Readonly<Record<string, () => string | Promise<string>>> = {
    '%': () => '%',
    D: () => '1',
    d: () => String(visit.depth),
    f: () => posix.basename(visit.path),
    g: () => owner.name,
    H: () => visit.start,
    h: () => posix.dirname(visit.path),
    i: () => String(stats.ino),
    l: () => (stats.isSymbolicLink() ? process.files.readlink(visit.boardPath) : ''),
    m: () => (stats.mode & 0o7777).toString(8),
    M: () => modeLetters(stats),
    n: () => String(stats.nlink),
    p: () => visit.path,
    P: () => visit.below,
    s: () => String(stats.size),
    'T@': () => seconds(stats.mtimeMs),
    'A@': () => seconds(stats.atimeMs),
    'C@': () => seconds(stats.ctimeMs),
    u: () => owner.name,
    y: () => typeLetter(stats, 'f'),
  };
  return (await fields[letter]?.()) ?? `%${letter}`;
}

/** Ten digits after the point, as find prints them. */
function seconds(timeMs: number): string {
  return `${(timeMs / 1000).toFixed(9)}0`;
}
