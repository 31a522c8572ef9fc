import {
  accessSync,
  constants,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  type Stats,
} from 'node:fs';
import { basename, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { FileError, PermissionError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { throwIfAborted } from '../time/deadline.js';
import { decodeName, hostPath } from '../remote/names.js';
import type { Exclusion } from './exclude.js';
import type { SkippedFile, SymlinkChoice } from './transfer.js';

const MAX_DEPTH = 200;
/** stat(2) counts in these, whatever the file system does. */
const STAT_BLOCK_BYTES = 512;
const READABLE_BY_ALL = 0o444;
/** How long the walk may keep everything else waiting. */
const BREATH_MS = 10;

export interface LocalEntry {
  readonly kind: 'file' | 'directory' | 'symlink';
  /** Below the source itself, parts separated by `/`; empty for the source. */
  readonly relative: string;
  /** Where it is on this host; may hold bytes that are not text (names.ts). */
  readonly path: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly modifiedAtS: number;
  /** Of a symlink; empty otherwise. */
  readonly linkTarget: string;
  /** A file that takes less space than it is long. */
  readonly hasHoles?: boolean | undefined;
}

export interface LocalSource {
  /** The name it gets inside a folder; empty for `folder/.`, whose content is meant. */
  readonly name: string;
  /** Folders before what they hold. */
  readonly entries: readonly LocalEntry[];
  readonly skipped: readonly SkippedFile[];
}

export interface WalkOptions {
  readonly symlinks: SymlinkChoice;
  readonly exclusion?: Exclusion | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The name a source gets inside a folder: its own, or empty for the content of a folder. */
export function sourceName(source: string): string {
  return /(^|[/\\])\.[/\\]*$/.test(source) ? '' : basename(resolve(source));
}

/**
 * Reads everything below a source, or the source alone if it is a file.
 * @throws FileError if it is not there or is neither file nor folder, PermissionError if something may not be read.
 */
export async function readLocalSource(source: string, options: WalkOptions): Promise<LocalSource> {
  const walk = new Walk(options);
  const stats = orUnreadable(source, () => statSync(hostPath(source)));
  if (!stats.isFile() && !stats.isDirectory()) {
    throw new FileError(`${safeText(source)} is neither a file nor a folder.`, {
      facts: { path: source },
      hint: 'Only files, folders and symlinks can be pushed.',
    });
  }
  await walk.add({ path: source.replace(/(?<=.)[/\\]+$/, ''), relative: '', ancestors: [] }, stats);
  return { name: sourceName(source), entries: walk.entries, skipped: walk.skipped };
}

interface Place {
  readonly path: string;
  readonly relative: string;
  /** Real paths of the folders above, known only where symlinks are followed: a link to one of them is a loop. */
  readonly ancestors: readonly string[];
}

/**
 * Asks for everything at once and not through promises, which for thousands of files would take several times as long;
 * every few milliseconds it lets others have their turn.
 */
class Walk {
  readonly entries: LocalEntry[] = [];
  readonly skipped: SkippedFile[] = [];
  readonly #options: WalkOptions;
  #breathedAtMs = performance.now();

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  async add(place: Place, stats: Stats): Promise<void> {
    if (stats.isSymbolicLink()) await this.#addSymlink(place, stats);
    else if (stats.isDirectory()) await this.#addFolder(place, stats);
    else if (stats.isFile()) this.#addFile(place, stats);
    else this.skipped.push({ path: place.path, reason: 'special-file' });
  }

  #addFile(place: Place, stats: Stats): void {
    if ((stats.mode & READABLE_BY_ALL) !== READABLE_BY_ALL) {
      orUnreadable(place.path, () => {
        accessSync(hostPath(place.path), constants.R_OK);
      });
    }
    this.entries.push(entryOf('file', place, stats));
  }

  async #addFolder(place: Place, stats: Stats): Promise<void> {
    throwIfAborted(this.#options.signal);
    if (place.ancestors.length > MAX_DEPTH || place.relative.split('/').length > MAX_DEPTH) {
      throw new FileError(`${safeText(place.path)} is nested too deeply.`, { facts: { path: place.path } });
    }
    this.entries.push(entryOf('directory', place, stats));
    const ancestors =
      this.#options.symlinks === 'follow' ? [...place.ancestors, realpathSync(hostPath(place.path))] : [];
    for (const name of readNames(place.path)) {
      const relative = place.relative === '' ? name : `${place.relative}/${name}`;
      if (this.#options.exclusion?.excludes(name, relative) === true) continue;
      const child = { path: `${place.path}/${name}`, relative, ancestors };
      const found = lookAt(child.path);
      // What vanished since the folder was read is no longer part of it.
      if (found?.isFile() === true) this.#addFile(child, found);
      else if (found) await this.add(child, found);
      if (performance.now() - this.#breathedAtMs >= BREATH_MS) await this.#breathe();
    }
  }

  async #addSymlink(place: Place, stats: Stats): Promise<void> {
    if (this.#options.symlinks === 'skip') {
      this.skipped.push({ path: place.path, reason: 'symlink' });
    } else if (this.#options.symlinks === 'preserve') {
      const target = readlinkSync(hostPath(place.path), 'buffer');
      const entry = entryOf('symlink', place, stats);
      this.entries.push({ ...entry, sizeBytes: target.length, linkTarget: decodeName(target) });
    } else {
      await this.#follow(place);
    }
  }

  async #follow(place: Place): Promise<void> {
    const stats = targetOf(place.path);
    const isLoop = stats?.isDirectory() === true && place.ancestors.includes(realpathSync(hostPath(place.path)));
    if (!stats || isLoop) this.skipped.push({ path: place.path, reason: 'broken-symlink' });
    else await this.add(place, stats);
  }

  async #breathe(): Promise<void> {
    await setImmediate();
    this.#breathedAtMs = performance.now();
  }
}

function lookAt(path: string): Stats | undefined {
  return orUnreadable(path, () => lstatSync(hostPath(path), { throwIfNoEntry: false }));
}

/** What a symlink leads to; undefined if that is nothing. */
function targetOf(path: string): Stats | undefined {
  try {
    return statSync(hostPath(path), { throwIfNoEntry: false });
  } catch {
    // A link to itself, for one.
    return undefined;
  }
}

function entryOf(kind: LocalEntry['kind'], place: Place, stats: Stats): LocalEntry {
  return {
    kind,
    relative: place.relative,
    path: place.path,
    sizeBytes: kind === 'file' ? stats.size : 0,
    mode: stats.mode & 0o7777,
    modifiedAtS: modifiedAt(stats),
    linkTarget: '',
    hasHoles: kind === 'file' && stats.blocks * STAT_BLOCK_BYTES < stats.size,
  };
}

/** Seconds to the microsecond, as much as a double holds. */
export function modifiedAt(stats: Stats): number {
  return Math.round(stats.mtimeMs * 1000) / 1e6;
}

/** Sorted names of a folder; those that are no valid UTF-8 keep their bytes. */
function readNames(path: string): string[] {
  const names = orUnreadable(path, () => readdirSync(hostPath(path)));
  if (!names.some(name => name.includes('\ufffd'))) return names.sort();
  const raw = readdirSync(hostPath(path), 'buffer');
  return raw.map(name => decodeName(name)).sort();
}

function orUnreadable<T>(path: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  const details = { cause: error, facts: { path, reason: code } };
  if (code === 'EACCES' || code === 'EPERM') {
    return new PermissionError(`${safeText(path)} may not be read.`, {
      ...details,
      hint: 'Change its permissions, or leave it out with --exclude.',
    });
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new FileError(`${safeText(path)} does not exist on this host.`, { ...details, hint: 'Check the path.' });
  }
  return new FileError(`${safeText(path)} could not be read (${String(code)}).`, details);
}
