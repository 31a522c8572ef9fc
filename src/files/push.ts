import type { SshSession } from '../ssh/session.js';
import { mapBounded } from '../time/concurrency.js';
import { throwIfAborted } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import { BatchPrograms } from './batch-programs.js';
import { Exclusion, nothingLeft } from './exclude.js';
import { LinkGauge } from './link-gauge.js';
import { readLocalSource, sourceName, type LocalSource } from './local-tree.js';
import { hashPrefix } from './local-read.js';
import type { Meter } from './meter.js';
import { sendPlan } from './push-send.js';
import type { PushContext } from './push-context.js';
import { changesOf, checkSpace, decide, planPush, type PushPlan } from './push-plan.js';
import { BoardMounts } from './push-mounts.js';
import { surveyBoard } from './push-survey.js';
import { joinPath } from './paths.js';
import type { PushTarget } from './push-target.js';
import { boardDestination } from './destination.js';
import { BoardReader } from './board-reader.js';
import type { Tally } from './tally.js';
import { runTransfer } from './transfer-run.js';
import { DEFAULT_STALL_TIMEOUT_MS, type TransferRequest, type TransferSummary } from './transfer.js';

const HASHES_AT_ONCE = 4;

interface Prepared {
  readonly sources: readonly LocalSource[];
  readonly target: PushTarget;
  readonly plan: PushPlan;
  /** When the sources had been read. */
  readonly nowS: number;
}

/**
 * Copies files and folders of this host to the board. Everything is checked before anything is changed; every file is
 * written beside its place, confirmed by the board and then renamed, so that its name is at any moment the old file,
 * the whole new one, or absent. A part is kept only of files from 8 MiB on that were cut off; `resume` continues it.
 *
 * @throws FileError if a source or the destination does not permit it, NoSpaceError, PermissionError, TimeoutError if
 *   the board takes nothing more for `stallTimeoutMs`, TransportError if the connection is lost, AbortedError.
 */
export async function push(
  session: SshSession,
  request: TransferRequest,
  operation: LongOperation = {},
): Promise<TransferSummary> {
  const startedAtMs = performance.now();
  const { dryRun, keepAttributes, checksum } = request.options ?? {};
  using programs = new BatchPrograms(session, { keepTimes: keepAttributes !== false, checksum: checksum === true });
  const preparing = prepare(session, request, operation.signal);
  if (dryRun !== true) programs.startAhead();
  const prepared = await preparing;
  const { sources, target, plan } = prepared;
  const transfer = {
    task: 'push',
    startedAtMs,
    changes: changesOf(plan),
    unchanged: plan.unchanged.length,
    skipped: sources.flatMap(source => source.skipped),
    targets: target.roots.map(root => joinPath(target.base, root)),
    missing: [],
    isDryRun: dryRun === true,
  } as const;
  return await runTransfer(transfer, operation, async (meter, tally) => {
    await send(session, request, { prepared, programs, tally, meter, signal: operation.signal });
  });
}

/** Reads the sources and looks at the board side by side, compares them, and finds every reason not to begin. */
async function prepare(
  session: SshSession,
  request: TransferRequest,
  signal: AbortSignal | undefined,
): Promise<Prepared> {
  const options = request.options ?? {};
  const exclusion = new Exclusion(options.exclude);
  const wanted = request.sources.filter(source => !exclusion.excludes(sourceName(source), ''));
  if (wanted.length === 0) throw nothingLeft();
  const wish = { destination: boardDestination(request.destination), names: wanted.map(sourceName) };
  const walk = { symlinks: options.symlinks ?? 'preserve', exclusion, signal };
  const [target, ...sources] = await Promise.all([
    surveyBoard(session, wish, { signal }),
    ...wanted.map(source => readLocalSource(source, walk)),
  ]);
  throwIfAborted(signal);
  const nowS = Date.now() / 1000;
  const checksum = options.checksum === true;
  const keepModes = options.keepAttributes !== false && process.platform !== 'win32';
  const compared = planPush(sources, target, { checksum, keepModes, nowS });
  const plan = await compareContent(session, target, { plan: compared, signal });
  // How much there is elsewhere, below a mount point, nobody has asked.
  const onBase = new BoardMounts(plan, target.existing.get('')?.device ?? '').split(plan.files).get('') ?? [];
  if (options.resume !== true) checkSpace(onBase, target);
  return { sources, target, plan, nowS };
}

async function compareContent(
  session: SshSession,
  target: PushTarget,
  { plan, signal }: { plan: PushPlan; signal: AbortSignal | undefined },
): Promise<PushPlan> {
  if (plan.toCompare.length === 0) return plan;
  const reader = new BoardReader(session, 'preserve', signal);
  const files = plan.toCompare.map(entry => ({ path: entry.target, sizeBytes: entry.sizeBytes }));
  const [there, here] = await Promise.all([
    reader.hashes(target.base, files),
    mapBounded(plan.toCompare, HASHES_AT_ONCE, entry => hashPrefix(entry, entry.sizeBytes)),
  ]);
  return decide(plan, new Set(plan.toCompare.filter((entry, index) => here[index] === there.get(entry.target))));
}

interface Sending {
  readonly prepared: Prepared;
  readonly programs: BatchPrograms;
  readonly tally: Tally;
  readonly meter: Meter;
  readonly signal: AbortSignal | undefined;
}

async function send(session: SshSession, { options = {} }: TransferRequest, sending: Sending): Promise<void> {
  const { prepared, programs, tally, meter, signal } = sending;
  const { target, plan, nowS } = prepared;
  const context: PushContext = {
    session,
    programs,
    base: target.base,
    checksum: options.checksum === true,
    compress: options.compress !== false,
    resume: options.resume === true,
    keepTimes: options.keepAttributes !== false,
    stallTimeoutMs: options.stallTimeoutMs ?? DEFAULT_STALL_TIMEOUT_MS,
    nowS,
    gauge: new LinkGauge(),
    meter,
    signal,
    touchedFolders: new Set(),
    tally,
  };
  await sendPlan(context, plan, target.existing.get('')?.device ?? '');
}
