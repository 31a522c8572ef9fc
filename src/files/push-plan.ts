import { FileError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { noSpace } from './board-failure.js';
import type { LocalEntry, LocalSource } from './local-tree.js';
import { joinPath } from './paths.js';
import type { PushTarget } from './push-target.js';
import { sameTime, type RemoteItem } from './remote-items.js';

/** A local entry and where it goes. */
export interface PlannedEntry extends LocalEntry {
  /** Relative to the base; empty for the base itself. */
  readonly target: string;
  /** What is there now. */
  readonly existing: RemoteItem | undefined;
}

/** What a push will do; made before anything is changed. */
export interface PushPlan {
  /** To be made, parents first. */
  readonly newFolders: readonly PlannedEntry[];
  /** There already. */
  readonly oldFolders: readonly PlannedEntry[];
  readonly files: readonly PlannedEntry[];
  readonly symlinks: readonly PlannedEntry[];
  readonly unchanged: readonly PlannedEntry[];
  /** Of the same size as what is there: only their hashes can tell whether they are unchanged. */
  readonly toCompare: readonly PlannedEntry[];
  /** All of them as they were found, each folder directly before what it holds. */
  readonly ordered: readonly PlannedEntry[];
}

export interface PlanOptions {
  readonly checksum: boolean;
  /** Off on hosts without permission bits (Windows) too. */
  readonly keepModes: boolean;
  readonly nowS: number;
}

/** Compares sources and board. @throws FileError where a folder meets a file, or the other way round. */
export function planPush(sources: readonly LocalSource[], target: PushTarget, options: PlanOptions): PushPlan {
  const plan = {
    newFolders: [] as PlannedEntry[],
    oldFolders: [] as PlannedEntry[],
    files: [] as PlannedEntry[],
    symlinks: [] as PlannedEntry[],
    unchanged: [] as PlannedEntry[],
    toCompare: [] as PlannedEntry[],
    ordered: [] as PlannedEntry[],
  };
  if (target.newFolder !== undefined) {
    plan.newFolders.push(emptyFolder(target.newFolder, options.nowS));
    plan.ordered.push(...plan.newFolders);
  }
  for (const [index, source] of sources.entries()) {
    const root = target.roots[index] ?? source.name;
    for (const entry of source.entries) {
      const path = joinPath(root, entry.relative);
      // The folder that `folder/.` fills is the user's, not one of the transfer.
      if (entry.kind === 'directory' && (path === '' || path === target.newFolder)) continue;
      const existing = target.existing.get(path);
      const mode = options.keepModes ? entry.mode : (existing?.mode ?? plainMode(entry));
      const planned = plannedEntry(entry, { mode, target: path, existing });
      refuseConflict(planned, target.base);
      plan[verdict(planned, options)].push(planned);
      plan.ordered.push(planned);
    }
  }
  return plan;
}

/** Named one by one: for thousands of entries a spread takes several times as long. */
function plannedEntry(
  { kind, relative, path, sizeBytes, modifiedAtS, linkTarget, hasHoles }: LocalEntry,
  { mode, target, existing }: Pick<PlannedEntry, 'mode' | 'target' | 'existing'>,
): PlannedEntry {
  return { kind, relative, path, sizeBytes, mode, modifiedAtS, linkTarget, hasHoles, target, existing };
}

function emptyFolder(target: string, nowS: number): PlannedEntry {
  const entry = { kind: 'directory', relative: '', path: '', sizeBytes: 0, mode: 0o755, linkTarget: '' } as const;
  return { ...entry, modifiedAtS: Math.floor(nowS), target, existing: undefined };
}

/** What a new file gets where modes are not kept. */
function plainMode(entry: LocalEntry): number {
  const isProgram = entry.kind === 'directory' || (process.platform !== 'win32' && (entry.mode & 0o100) !== 0);
  return isProgram ? 0o755 : 0o644;
}

function verdict(entry: PlannedEntry, options: PlanOptions): Exclude<keyof PushPlan, 'ordered'> {
  const { existing } = entry;
  switch (entry.kind) {
    case 'directory':
      return existing ? 'oldFolders' : 'newFolders';
    case 'symlink':
      return existing?.linkTarget === entry.linkTarget ? 'unchanged' : 'symlinks';
    case 'file':
      if (existing?.kind !== 'file' || existing.sizeBytes !== entry.sizeBytes) return 'files';
      if (options.keepModes && existing.mode !== entry.mode) return 'files';
      if (options.checksum) return 'toCompare';
      return sameTime(entry.modifiedAtS, existing.modifiedAtS) ? 'unchanged' : 'files';
  }
}

function refuseConflict(entry: PlannedEntry, base: string): void {
  const { existing } = entry;
  if (!existing) return;
  const path = joinPath(base, entry.target);
  const facts = { path, source: entry.path, reason: existing.kind };
  if (entry.kind !== 'directory' && existing.kind === 'directory') {
    throw new FileError(`${safeText(path)} on the board is a folder, and ${safeText(entry.path)} is not.`, {
      facts,
      hint: 'Choose another name, or end the destination with a slash to put it into the folder.',
    });
  }
  if (entry.kind === 'directory' && existing.kind !== 'directory') {
    throw new FileError(`${safeText(path)} on the board is not a folder, and ${safeText(entry.path)} is one.`, {
      facts,
      hint: 'Remove it from the board, or choose another name.',
    });
  }
}

/** The plan once it is known which of the files to compare have the same content. */
export function decide(plan: PushPlan, same: ReadonlySet<PlannedEntry>): PushPlan {
  return {
    ...plan,
    toCompare: [],
    unchanged: [...plan.unchanged, ...plan.toCompare.filter(entry => same.has(entry))],
    files: [...plan.files, ...plan.toCompare.filter(entry => !same.has(entry))],
  };
}

export function changesOf(plan: PushPlan): PlannedEntry[] {
  return [...plan.newFolders, ...plan.symlinks, ...plan.files];
}

export function contentBytes(entries: readonly { readonly sizeBytes: number }[]): number {
  return entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
}

/** @throws NoSpaceError that names the first file there is no room for. */
export function checkSpace(files: readonly PlannedEntry[], target: PushTarget): void {
  if (target.freeBytes === undefined) return;
  let free = target.freeBytes;
  for (const file of files) {
    free -= file.sizeBytes;
    if (free >= 0) continue;
    throw noSpace(
      { path: joinPath(target.base, file.target), neededBytes: file.sizeBytes, freeBytes: free + file.sizeBytes },
      'the board',
    );
  }
}

/** Age below which a file may change again without its second changing. */
const FRESH_S = 2;

/**
 * The time a file gets on the board: whole seconds, as tar and SFTP have them, unless the file was changed a moment ago;
 * then to the microsecond, so that the next push tells this version from one of the same second.
 */
export function stampOf(entry: LocalEntry, nowS: number): number {
  return entry.modifiedAtS < nowS - FRESH_S ? Math.floor(entry.modifiedAtS) : entry.modifiedAtS;
}
