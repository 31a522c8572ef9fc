import { FileError, ProtocolError, UsageError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { Exclusion } from './exclude.js';
import { expandPattern, hasPattern } from './glob.js';
import { nameProblem } from './local-names.js';
import { isUnfinished } from './part-name.js';
import { joinPath, splitTarget } from './paths.js';
import type { BoardReader, RemoteEntry } from './board-reader.js';
import type { MissingFile, SkippedFile, SymlinkChoice } from './transfer.js';

/** One source of a pull, found on the board. */
export interface RemoteRoot {
  readonly path: string;
  /** The name it gets inside a folder; empty for `folder/.`, whose content is meant. */
  readonly name: string;
  /** Folders before what they hold. */
  readonly entries: readonly RemoteEntry[];
}

/** The sources among what was found, with patterns expanded that are not themselves the name of a file. @throws FileError */
export async function findRoots(
  sources: readonly RemoteSource[],
  found: ReadonlyMap<string, RemoteEntry[]>,
  { reader, exclusion }: { readonly reader: BoardReader; readonly exclusion: Exclusion },
): Promise<RemoteRoot[]> {
  const roots: RemoteRoot[] = [];
  for (const { path, name } of sources) {
    const entries = found.get(path);
    if (entries) roots.push({ path, name, entries });
    else if (hasPattern(path)) roots.push(...(await findMatches(path, reader)));
    else throw notThere(path);
  }
  for (const root of roots) refuseOther(root);
  const seen = new Set<string>();
  return roots
    .map(root => withoutExcluded(root, exclusion))
    .filter(({ path, name, entries }) => {
      const key = `${path}\0${name}`;
      return entries.length > 0 && !seen.has(key) && seen.add(key);
    });
}

async function findMatches(pattern: string, reader: BoardReader): Promise<RemoteRoot[]> {
  const paths = await expandPattern(pattern, async path => {
    const names = await reader.names(path);
    names?.forEach(checkName);
    return names;
  });
  const found = await reader.tree(paths);
  const roots = paths.flatMap(path => {
    const entries = found.get(path);
    return entries ? [{ path, name: path.slice(path.lastIndexOf('/') + 1), entries }] : [];
  });
  if (roots.length === 0) throw notThere(pattern);
  return roots;
}

/** What the user wrote, as the path to look at and the name it gets here; empty for `folder/.`. */
export interface RemoteSource {
  readonly path: string;
  readonly name: string;
}

export function parseSource(source: string): RemoteSource {
  const isContent = /(^|\/)\.\/*$/.test(source);
  const path = source.replace(/(\/+\.?)+$/, '') || '/';
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (!isContent && (name === '' || name === '..')) {
    throw new UsageError(`${safeText(source)} has no name that it could get here.`, {
      hint: 'Write its path without "..", or end it with "/." to pull what is in it.',
    });
  }
  return { path, name: isContent ? '' : name };
}

function withoutExcluded(root: RemoteRoot, exclusion: Exclusion): RemoteRoot {
  if (exclusion.isEmpty) return root;
  return { ...root, entries: root.entries.filter(({ relative }) => !exclusion.excludesBelow(root.name, relative)) };
}

function refuseOther(root: RemoteRoot): void {
  const [first] = root.entries;
  if (root.name === '' && first?.item.kind !== 'directory') {
    throw new FileError(`${safeText(root.path)} on the board is not a folder.`, { facts: { path: root.path } });
  }
  if (first?.item.kind === 'symlink' || first?.item.kind === 'other') {
    const what = first.item.kind === 'symlink' ? 'a symlink that leads nowhere' : 'neither a file nor a folder';
    throw new FileError(`${safeText(root.path)} on the board is ${what}.`, { facts: { path: root.path } });
  }
}

/** What of the entries the login user may not read. */
export function closedOf({ path, entries }: RemoteRoot): MissingFile[] {
  return entries
    .filter(({ item, isReadable }) => !isReadable && (item.kind === 'file' || item.kind === 'directory'))
    .map(({ relative }) => ({ path: joinPath(path, relative), reason: 'Permission denied' }));
}

export function notPermitted(path: string): FileError {
  return new FileError(`The board does not permit reading ${safeText(path)}.`, {
    facts: { path, reason: 'permission' },
    hint: 'Copy it to a place you may read with `mdt exec sudo cp`, or leave it out with --exclude.',
  });
}

function notThere(path: string): FileError {
  return new FileError(`${safeText(path)} is not on the board.`, {
    facts: { path, reason: 'missing' },
    hint: hasPattern(path) ? 'No name matches the pattern.' : 'Check the path with `mdt exec ls`.',
  });
}

/** What of the entries is left out, and why. */
export function skippedOf(root: RemoteRoot, symlinks: SymlinkChoice): SkippedFile[] {
  return root.entries.flatMap(({ relative, item }): SkippedFile[] => {
    const path = `${root.path}/${relative}`;
    const { folder, name } = splitTarget(relative);
    if (folder.split('/').some(isUnfinished)) return [];
    if (isUnfinished(name)) return [{ path, reason: 'unfinished' }];
    if (item.kind === 'other') return [{ path, reason: 'special-file' }];
    if (item.kind !== 'symlink' || symlinks === 'preserve') return [];
    return [{ path, reason: symlinks === 'skip' ? 'symlink' : 'broken-symlink' }];
  });
}

/** @throws ProtocolError unless it is a name that something in a folder of the board can have. */
export function checkName(name: string): void {
  if (nameProblem(name, 'linux') === undefined) return;
  throw new ProtocolError(`The board listed ${safeText(name)}, which cannot be the name of a file.`, {
    facts: { name },
  });
}
