import { readlink, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { FileError, ProtocolError, UsageError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { mapBounded } from '../time/concurrency.js';
import { noSpace } from './board-failure.js';
import type { Placement } from './destination.js';
import { caseCollision, checkRelativePath } from './local-names.js';
import { modifiedAt } from './local-tree.js';
import { decodeName, hostPath } from '../remote/names.js';
import { lookAt } from './local-write.js';
import type { RemoteEntry } from './board-reader.js';
import { isUnfinished } from './part-name.js';
import type { RemoteRoot } from './pull-survey.js';
import { joinPath, splitTarget } from './paths.js';
import { sameTime } from './remote-items.js';
import type { SymlinkChoice } from './transfer.js';

const AT_ONCE = 32;

/** Something on the board and where it goes. */
export interface PulledEntry {
  readonly kind: 'file' | 'directory' | 'symlink';
  /** Absolute path on the board. */
  readonly source: string;
  /** Relative to the base on this host; empty for the base itself. */
  readonly target: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly modifiedAtS: number;
  readonly linkTarget: string;
}

export interface PullPlan {
  readonly newFolders: readonly PulledEntry[];
  readonly oldFolders: readonly PulledEntry[];
  readonly files: readonly PulledEntry[];
  readonly symlinks: readonly PulledEntry[];
  readonly unchanged: readonly PulledEntry[];
  /** Stated as empty, and empty here: only reading them shows whether they are unchanged. */
  readonly statedEmpty: readonly PulledEntry[];
  readonly toCompare: readonly PulledEntry[];
}

export interface PullPlanOptions {
  readonly symlinks: SymlinkChoice;
  readonly checksum: boolean;
  readonly keepModes: boolean;
  readonly platform: NodeJS.Platform;
}

/**
 * Compares the board with what is here. Every path of the board is checked before one of them is used.
 * @throws FileError, ProtocolError, UsageError if two sources meet in one name.
 */
export async function planPull(
  roots: readonly RemoteRoot[],
  target: Placement,
  options: PullPlanOptions,
): Promise<PullPlan> {
  const entries = roots.flatMap((root, index) => entriesOf(root, target.roots[index] ?? root.name, options.symlinks));
  refuseDoubles(entries);
  for (const { target: path } of entries) if (path !== '') checkRelativePath(path, options.platform);
  refuseCollisions(entries, options.platform);
  const here = await lookHere(entries, target.base);
  const plan = {
    newFolders: [] as PulledEntry[],
    oldFolders: [] as PulledEntry[],
    files: [] as PulledEntry[],
    symlinks: [] as PulledEntry[],
    unchanged: [] as PulledEntry[],
    statedEmpty: [] as PulledEntry[],
    toCompare: [] as PulledEntry[],
  };
  if (target.newFolder !== undefined) plan.newFolders.push(emptyFolder(target.newFolder));
  for (const entry of entries) {
    // The folder that `folder/.` fills is the user's, not one of the transfer.
    if (entry.kind === 'directory' && (entry.target === '' || entry.target === target.newFolder)) continue;
    const found = here.get(entry.target);
    refuseConflict(entry, found?.stats, target.base);
    plan[verdict(entry, found, options)].push(entry);
  }
  return plan;
}

function entriesOf(root: RemoteRoot, place: string, symlinks: SymlinkChoice): PulledEntry[] {
  checkFolders(root);
  return root.entries.flatMap(({ relative, item, isReadable }: RemoteEntry): PulledEntry[] => {
    if (relative.split('/').some(isUnfinished) || (!isReadable && item.kind !== 'symlink')) return [];
    if (item.kind === 'other' || (item.kind === 'symlink' && symlinks !== 'preserve')) return [];
    const { kind, mode, modifiedAtS, linkTarget } = item;
    return [
      {
        kind,
        source: joinPath(root.path, relative),
        target: joinPath(place, relative),
        sizeBytes: kind === 'file' ? item.sizeBytes : 0,
        // Bits that make a program run as its owner are not taken from a board.
        mode: mode & 0o777,
        modifiedAtS,
        linkTarget,
      },
    ];
  });
}

/**
 * What is listed must be in a folder that is listed, and so is made or looked at here as a folder: otherwise a symlink
 * of the same listing, or one from an earlier pull, could lead it out of the destination.
 */
function checkFolders({ path, entries }: RemoteRoot): void {
  const folders = new Set<string>();
  for (const { relative, item } of entries) {
    if (relative !== '' && !folders.has(splitTarget(relative).folder)) {
      const listed = joinPath(path, relative);
      throw new ProtocolError(`The board listed ${safeText(listed)} without its folder.`, { facts: { path: listed } });
    }
    if (item.kind === 'directory') folders.add(relative);
  }
}

/** One that is made for the sources has no source of its own. */
function emptyFolder(target: string): PulledEntry {
  return { kind: 'directory', source: '', target, sizeBytes: 0, mode: 0o755, modifiedAtS: 0, linkTarget: '' };
}

function refuseDoubles(entries: readonly PulledEntry[]): void {
  const seen = new Set<string>();
  for (const { target, kind } of entries) {
    if (target !== '' && seen.has(target)) {
      throw new UsageError(`Two of the sources would both become ${safeText(target)}.`, {
        facts: { target, kind },
        hint: 'Pull them one by one under different names.',
      });
    }
    seen.add(target);
  }
}

function refuseCollisions(entries: readonly PulledEntry[], platform: NodeJS.Platform): void {
  if (platform !== 'win32' && platform !== 'darwin') return;
  const pair = caseCollision(entries.map(entry => entry.target));
  if (!pair) return;
  throw new FileError(`The board has ${safeText(pair[0])} and ${safeText(pair[1])}, which are one name here.`, {
    facts: { paths: pair },
    hint: 'Pull them one by one into different folders.',
  });
}

interface Found {
  readonly stats: Stats;
  /** Of a symlink; empty otherwise. */
  readonly linkTarget: string;
}

const readLink = promisify(readlink) as (path: string | Buffer, encoding: 'buffer') => Promise<Buffer>;

/** What is already here, by target; nothing is looked for below a folder that is missing. */
async function lookHere(entries: readonly PulledEntry[], base: string): Promise<Map<string, Found>> {
  const here = new Map<string, Found>();
  const folders = entries.filter(entry => entry.kind === 'directory');
  const missing = new Set<string>();
  for (const { target } of folders) {
    const stats = missing.has(splitTarget(target).folder) ? undefined : await lookAt(joinPath(base, target));
    if (stats) here.set(target, { stats, linkTarget: '' });
    else missing.add(target);
  }
  const rest = entries.filter(({ kind, target }) => kind !== 'directory' && !missing.has(splitTarget(target).folder));
  await mapBounded(rest, AT_ONCE, async ({ target }) => {
    const path = joinPath(base, target);
    const stats = await lookAt(path);
    const linkTarget = stats?.isSymbolicLink() === true ? decodeName(await readLink(hostPath(path), 'buffer')) : '';
    if (stats) here.set(target, { stats, linkTarget });
  });
  return here;
}

function verdict(entry: PulledEntry, found: Found | undefined, options: PullPlanOptions): keyof PullPlan {
  const stats = found?.stats;
  if (entry.kind === 'directory') return stats ? 'oldFolders' : 'newFolders';
  if (entry.kind === 'symlink') {
    return found?.linkTarget === entry.linkTarget ? 'unchanged' : 'symlinks';
  }
  if (stats?.isFile() !== true || stats.size !== entry.sizeBytes) return 'files';
  if (options.keepModes && (stats.mode & 0o7777) !== entry.mode) return 'files';
  if (options.checksum && entry.sizeBytes > 0) return 'toCompare';
  return sameTime(entry.modifiedAtS, modifiedAt(stats)) ? sameHere(entry) : 'files';
}

/** What a file system states as empty may hold more when it is read. */
function sameHere({ sizeBytes }: PulledEntry): 'statedEmpty' | 'unchanged' {
  return sizeBytes === 0 ? 'statedEmpty' : 'unchanged';
}

/**
 * A symlink here that stands where a folder is expected is refused too: an earlier pull may have made it, and the board
 * would decide where on this host its files go.
 */
function refuseConflict(entry: PulledEntry, stats: Stats | undefined, base: string): void {
  if (!stats || stats.isDirectory() === (entry.kind === 'directory')) return;
  const path = joinPath(base, entry.target);
  const [what, other] = stats.isDirectory() ? ['a folder', 'is not'] : ['not a folder', 'is one'];
  throw new FileError(`${safeText(path)} is ${what} here, and ${safeText(entry.source)} on the board ${other}.`, {
    facts: { path, source: entry.source },
    hint: 'Remove it, or choose another destination.',
  });
}

/** The plan once it is known which of the files to compare have the same content. */
export function decidePull(plan: PullPlan, same: ReadonlySet<PulledEntry>): PullPlan {
  return {
    ...plan,
    toCompare: [],
    unchanged: [...plan.unchanged, ...plan.toCompare.filter(entry => same.has(entry))],
    files: [...plan.files, ...plan.toCompare.filter(entry => !same.has(entry))],
  };
}

/** @throws NoSpaceError that names the first file there is no room for. */
export function checkLocalSpace(files: readonly PulledEntry[], freeBytes: number): void {
  let free = freeBytes;
  for (const { target, sizeBytes } of files) {
    free -= sizeBytes;
    if (free < 0) throw noSpace({ path: target, neededBytes: sizeBytes, freeBytes: free + sizeBytes }, 'this host');
  }
}
