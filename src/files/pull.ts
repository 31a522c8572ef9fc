import { statfs } from 'node:fs/promises';
import type { SshSession } from '../ssh/session.js';
import { mapBounded } from '../time/concurrency.js';
import { throwIfAborted } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import { BoardReader } from './board-reader.js';
import { Exclusion, nothingLeft } from './exclude.js';
import { hostDestination, hostDestinationKind, placeSources, type Placement } from './destination.js';
import { hashHere } from './local-read.js';
import { lookAt, type LocalAttributes } from './local-write.js';
import { joinPath } from './paths.js';
import { checkLocalSpace, decidePull, planPull, type PulledEntry, type PullPlan } from './pull-plan.js';
import { receive } from './pull-receive.js';
import { closedOf, findRoots, notPermitted, parseSource, skippedOf, type RemoteRoot } from './pull-survey.js';
import { runTransfer } from './transfer-run.js';
import {
  DEFAULT_STALL_TIMEOUT_MS,
  type MissingFile,
  type SkippedFile,
  type TransferOptions,
  type TransferRequest,
  type TransferSummary,
} from './transfer.js';

const HASHES_AT_ONCE = 4;

interface Prepared {
  readonly placement: Placement;
  readonly plan: PullPlan;
  readonly skipped: readonly SkippedFile[];
  readonly missing: MissingFile[];
  readonly reader: BoardReader;
}

/**
 * Copies files and folders of the board to this host. Sources are absolute paths and may hold `*`, `?` and `[…]`.
 * Everything is checked before anything is changed, names from the board first of all: none of them can lead out of
 * the destination. Every file is written beside its place and renamed when all of it is there. A part is kept only of
 * files from 8 MiB on that were cut off; `resume` continues it. Of a file that grows on the board the part is taken
 * that was there when it was listed.
 *
 * @throws FileError if a source or the destination does not permit it, NoSpaceError, PermissionError, ProtocolError,
 *   TimeoutError if the board sends nothing more for `stallTimeoutMs`, TransportError if the connection is lost,
 *   AbortedError.
 */
export async function pull(
  session: SshSession,
  request: TransferRequest,
  operation: LongOperation = {},
): Promise<TransferSummary> {
  const startedAtMs = performance.now();
  const options = request.options ?? {};
  const { placement, plan, skipped, missing, reader } = await prepare(session, request, operation.signal);
  const prepared = {
    task: 'pull',
    startedAtMs,
    changes: [...plan.newFolders, ...plan.symlinks, ...plan.files],
    unchanged: plan.unchanged.length + (options.dryRun === true ? plan.statedEmpty.length : 0),
    skipped,
    missing,
    targets: placement.roots.map(root => joinPath(placement.base, root)),
    isDryRun: options.dryRun === true,
  } as const;
  return runTransfer(prepared, operation, async (meter, tally) => {
    const context = {
      session,
      reader,
      base: placement.base,
      checksum: options.checksum === true,
      resume: options.resume === true,
      attributesOf: attributes(options),
      statedEmpty: new Set(plan.statedEmpty),
      missing,
      stallTimeoutMs: options.stallTimeoutMs ?? DEFAULT_STALL_TIMEOUT_MS,
      meter,
      tally,
      signal: operation.signal,
    };
    await receive(context, plan);
  });
}

/** Looks at both sides, compares them, and finds every reason not to begin. */
async function prepare(
  session: SshSession,
  request: TransferRequest,
  signal: AbortSignal | undefined,
): Promise<Prepared> {
  const options = request.options ?? {};
  const symlinks = options.symlinks ?? 'preserve';
  const destination = hostDestination(request.destination);
  const kind = await hostDestinationKind(destination);
  const { roots, reader, exclusion } = await survey(session, request, signal);
  const missing = missingOf(roots, reader, exclusion);
  const names = roots.map(root => root.name);
  const placement = placeSources(destination, kind, names);
  const compared = await planPull(roots, placement, {
    symlinks,
    checksum: options.checksum === true,
    keepModes: keepsModes(options),
    platform: process.platform,
  });
  const plan = await compareContent(compared, placement.base, reader);
  throwIfAborted(signal);
  if (options.resume !== true) {
    const { bavail, bsize } = await statfs(placement.base);
    checkLocalSpace(plan.files, bavail * bsize);
  }
  const loops = reader.loops.map(path => ({ path, reason: 'broken-symlink' }) as const);
  const skipped = [...roots.flatMap(root => skippedOf(root, symlinks)), ...loops];
  return { placement, plan, skipped, missing, reader };
}

async function survey(
  session: SshSession,
  request: TransferRequest,
  signal: AbortSignal | undefined,
): Promise<{ roots: RemoteRoot[]; reader: BoardReader; exclusion: Exclusion }> {
  const symlinks = request.options?.symlinks ?? 'preserve';
  const sources = request.sources.map(parseSource);
  const paths = sources.map(source => source.path);
  const reader = new BoardReader(session, symlinks, signal);
  const exclusion = new Exclusion(request.options?.exclude);
  const roots = await findRoots(sources, await reader.tree(paths), { reader, exclusion });
  return { roots, reader, exclusion };
}

/** What the survey found and may not read. @throws FileError if there is nothing else, UsageError if all is left out. */
function missingOf(roots: readonly RemoteRoot[], reader: BoardReader, exclusion: Exclusion): MissingFile[] {
  if (roots.length === 0) throw nothingLeft();
  const closed = roots.flatMap(closedOf);
  const [first] = closed;
  const isAll = roots.every(({ entries: [top] }) => top?.isReadable === false);
  if (first && isAll) throw notPermitted(first.path);
  const known = new Set(closed.map(({ path }) => path));
  const others = reader.troubles.filter(({ path }) => {
    const root = roots.find(each => path.startsWith(`${each.path}/`));
    return !known.has(path) && root && !exclusion.excludesBelow(root.name, path.slice(root.path.length + 1));
  });
  return [...closed, ...others];
}

async function compareContent(plan: PullPlan, base: string, reader: BoardReader): Promise<PullPlan> {
  if (plan.toCompare.length === 0) return plan;
  const files = plan.toCompare.map(entry => ({ path: entry.source.slice(1), sizeBytes: entry.sizeBytes }));
  const [there, here] = await Promise.all([
    reader.hashes('/', files),
    mapBounded(plan.toCompare, HASHES_AT_ONCE, async entry => {
      const path = joinPath(base, entry.target);
      const stats = await lookAt(path);
      return stats && hashHere(path, stats);
    }),
  ]);
  const isSame = (entry: PulledEntry, index: number): boolean =>
    here[index] !== undefined && here[index] === there.get(entry.source.slice(1));
  return decidePull(plan, new Set(plan.toCompare.filter(isSame)));
}

function keepsModes(options: TransferOptions): boolean {
  return options.keepAttributes !== false && process.platform !== 'win32';
}

function attributes(options: TransferOptions): (entry: PulledEntry) => LocalAttributes {
  const keepModes = keepsModes(options);
  return ({ mode, modifiedAtS }) => ({
    mode: keepModes ? mode : undefined,
    modifiedAtS: options.keepAttributes === false ? undefined : modifiedAtS,
    // What a new file of this user would have, less what the umask takes.
    createMode: keepModes ? 0o600 : 0o666 | (mode & 0o111),
  });
}
