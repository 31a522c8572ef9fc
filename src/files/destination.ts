import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { FileError, UsageError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { localFailure } from './local-write.js';
import { joinPath, splitTarget } from './paths.js';

/** Where a transfer wants to go, before anyone has looked there. */
export interface Destination {
  readonly side: 'board' | 'host';
  /** Absolute, without a final slash (except for `/` itself). */
  readonly path: string;
  readonly parent: string;
  /** Its own name in the parent. */
  readonly leaf: string;
  /** It was written with a final slash: a folder, to be made if it is missing. */
  readonly isFolder: boolean;
}

/** What is at the destination. */
export type DestinationKind = 'folder' | 'missing' | 'other';

/** What the sources become. */
export interface Placement {
  /** The folder in which the roots are. */
  readonly base: string;
  /** A folder inside `base` that has to be made for the sources, since the destination was missing. */
  readonly newFolder: string | undefined;
  /** For each source what it becomes, relative to `base`; empty if its content goes into `base` itself. */
  readonly roots: readonly string[];
}

export function boardDestination(written: string): Destination {
  const path = written.replace(/(?<=.)\/+$/, '');
  const { folder, name } = splitTarget(path);
  return { side: 'board', path, parent: folder === '' ? '/' : folder, leaf: name, isFolder: written.endsWith('/') };
}

export function hostDestination(written: string): Destination {
  const path = resolve(written);
  const isFolder = written.endsWith('/') || (process.platform === 'win32' && written.endsWith('\\'));
  return { side: 'host', path, parent: dirname(path), leaf: basename(path), isFolder };
}

/** @throws FileError if it is missing together with its parent. */
export async function hostDestinationKind(destination: Destination): Promise<DestinationKind> {
  const found = await kindOf(destination.path);
  if (found === 'missing' && (await kindOf(destination.parent)) !== 'folder') throw missingParent(destination);
  return found;
}

async function kindOf(path: string): Promise<DestinationKind> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
    throw localFailure(error, path);
  }
}

/**
 * What each source becomes, by the rules of TransferRequest; `names` is what each is called inside a folder.
 * @throws FileError if the destination is a file and should be a folder, UsageError if two sources meet in one name.
 */
export function placeSources(destination: Destination, kind: DestinationKind, names: readonly string[]): Placement {
  const { path, parent, leaf, isFolder } = destination;
  if (kind === 'folder') return { base: path, newFolder: undefined, roots: distinct(names) };
  if (kind === 'missing' && isFolder) {
    return { base: parent, newFolder: leaf, roots: distinct(names).map(name => joinPath(leaf, name)) };
  }
  if (names.length === 1 && !isFolder) return { base: parent, newFolder: undefined, roots: [leaf] };
  throw new FileError(`${safeText(path)} is not a folder${onSide(destination)}.`, {
    facts: { path, reason: kind },
    hint: 'Several sources need a folder; end its path with a slash to have it made.',
  });
}

function distinct(names: readonly string[]): readonly string[] {
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double === undefined) return names;
  throw new UsageError(`Two of the sources are called ${safeText(double)}.`, {
    facts: { name: double },
    hint: 'Transfer them one by one under different names.',
  });
}

export function missingParent(destination: Destination): FileError {
  const { parent, side } = destination;
  return new FileError(`There is no folder ${safeText(parent)}${onSide(destination)}.`, {
    facts: { path: parent, reason: 'missing-parent' },
    hint: side === 'board' ? 'Make it with `mdt exec mkdir -p`, or choose another.' : 'Make it, or choose another.',
  });
}

function onSide({ side }: Destination): string {
  return side === 'board' ? ' on the board' : '';
}
