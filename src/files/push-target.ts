import { FileError, UsageError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { RemoteItem } from './remote-items.js';

/** Where a push wants to go, before the board was asked. */
export interface PushWish {
  /** Absolute, without a final slash (except for `/` itself). */
  readonly destination: string;
  /** The destination was written with a final slash: a folder, to be made if it is missing. */
  readonly asFolder: boolean;
  /** Name of each source inside a folder; empty for `folder/.`. */
  readonly names: readonly string[];
}

/** What is there, as a survey found it. */
export interface PushTarget {
  /** The folder in which the roots are; absolute, symlinks resolved. */
  readonly base: string;
  /** A folder inside `base` that has to be made for the sources, since the destination was missing. */
  readonly newFolder: string | undefined;
  /** For each source what it becomes, relative to `base`; empty if its content goes into `base` itself. */
  readonly roots: readonly string[];
  /** All that is already at or below the roots, and the base under the empty path; by path relative to `base`. */
  readonly existing: ReadonlyMap<string, RemoteItem>;
  readonly freeBytes: number | undefined;
  /** The board runs the scripts that transfers at full speed need. */
  readonly hasScripts: boolean;
}

/** What is at the destination, and how that decides what the sources become. */
export type DestinationKind = 'folder' | 'missing' | 'other';

export function makeWish(destination: string, names: readonly string[]): PushWish {
  const trimmed = destination.replace(/(?<=.)\/+$/, '');
  return { destination: trimmed, asFolder: destination.endsWith('/'), names };
}

/** Parent and own name of the destination. */
export function splitPath(path: string): { parent: string; leaf: string } {
  const slash = path.lastIndexOf('/');
  return { parent: slash <= 0 ? '/' : path.slice(0, slash), leaf: path.slice(slash + 1) };
}

/**
 * What each source becomes, by the rules of TransferRequest: relative to the destination if that is a folder, else to its
 * parent.
 * @throws FileError if the destination is a file and should be a folder, UsageError if two sources meet in one name.
 */
export function placeSources(wish: PushWish, kind: DestinationKind): Pick<PushTarget, 'base' | 'newFolder' | 'roots'> {
  const { parent, leaf } = splitPath(wish.destination);
  const isNew = wish.asFolder && kind === 'missing';
  if (kind !== 'folder' && !isNew && (wish.names.length > 1 || wish.asFolder)) {
    throw new FileError(`${safeText(wish.destination)} on the board is not a folder.`, {
      facts: { path: wish.destination, reason: kind },
      hint: 'Several sources need a folder; end its path with a slash to have it made.',
    });
  }
  if (kind !== 'folder' && !isNew) return { base: parent, newFolder: undefined, roots: [leaf] };
  refuseEqualNames(wish.names);
  if (isNew) return { base: parent, newFolder: leaf, roots: wish.names.map(name => joinPath(leaf, name)) };
  return { base: wish.destination, newFolder: undefined, roots: wish.names };
}

function refuseEqualNames(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      throw new UsageError(`Two of the sources are called ${safeText(name)}.`, {
        facts: { name },
        hint: 'Push them one by one under different names.',
      });
    }
    seen.add(name);
  }
}

export function missingParent(path: string): FileError {
  return new FileError(`There is no folder ${safeText(path)} on the board.`, {
    facts: { path, reason: 'missing-parent' },
    hint: 'Make it with `mdt exec mkdir -p`, or choose another.',
  });
}

/** `a/b` of `a` and `b`, where either may be empty. */
export function joinPath(folder: string, name: string): string {
  if (folder === '') return name;
  if (name === '') return folder;
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

/** Folder and own name of a path relative to the base; the folder is empty for what is in the base itself. */
export function splitTarget(target: string): { folder: string; name: string } {
  const slash = target.lastIndexOf('/');
  return { folder: target.slice(0, Math.max(0, slash)), name: target.slice(slash + 1) };
}
