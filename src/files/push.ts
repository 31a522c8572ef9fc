import { TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { SshSession } from '../ssh/session.js';
import { throwIfAborted } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import { localHashes, remoteHashes, remoteHashesBySftp } from './compare-hashes.js';
import { LinkGauge } from './link-gauge.js';
import { readLocalSource, sourceName, type LocalSource } from './local-tree.js';
import { Meter } from './meter.js';
import { sendBySftp } from './push-by-sftp.js';
import { sendByScripts } from './push-by-scripts.js';
import type { PushContext } from './push-context.js';
import { changesOf, checkSpace, contentBytes, decide, planPush, type PushPlan } from './push-plan.js';
import { surveyByScript } from './push-survey-script.js';
import { surveyBySftp } from './push-survey-sftp.js';
import { joinPath, makeWish, type PushTarget, type PushWish } from './push-target.js';
import { Tally } from './tally.js';
import { DEFAULT_STALL_TIMEOUT_MS, SKIP_REASONS, type TransferRequest, type TransferSummary } from './transfer.js';

const TASK = 'push';

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
  const tally = new Tally();
  const prepared = await prepare(session, request, operation.signal);
  const { sources, target, plan } = prepared;
  const rest = {
    unchanged: plan.unchanged.length,
    skipped: sources.flatMap(source => source.skipped),
    targets: target.roots.map(root => joinPath(target.base, root)),
  };
  if (request.options?.dryRun === true) {
    for (const entry of changesOf(plan)) tally.add(entry);
    return tally.summary(rest);
  }
  const meter = new Meter(TASK, contentBytes(plan.files), operation);
  for (const { path, reason } of rest.skipped) meter.message(`Left out ${safeText(path)}: ${SKIP_REASONS[reason]}.`);
  try {
    await send(session, request, { prepared, tally, meter, signal: operation.signal });
  } catch (error) {
    const told = error instanceof TransportError ? interrupted(error, tally.files, plan.files.length) : error;
    meter.fail(told);
    throw told;
  }
  meter.finish();
  return tally.summary(rest);
}

/** Reads the sources and looks at the board side by side, compares them, and finds every reason not to begin. */
async function prepare(
  session: SshSession,
  request: TransferRequest,
  signal: AbortSignal | undefined,
): Promise<Prepared> {
  const options = request.options ?? {};
  const wish = makeWish(request.destination, request.sources.map(sourceName));
  const walk = { symlinks: options.symlinks ?? 'preserve', signal };
  const [target, ...sources] = await Promise.all([
    survey(session, wish, signal),
    ...request.sources.map(source => readLocalSource(source, walk)),
  ]);
  throwIfAborted(signal);
  const nowS = Date.now() / 1000;
  const checksum = options.checksum === true;
  const keepModes = options.keepAttributes !== false && process.platform !== 'win32';
  const compared = planPush(sources, target, { checksum, keepModes, nowS });
  const plan = await compareContent(session, target, { plan: compared, signal });
  if (options.resume !== true) checkSpace(plan, target);
  return { sources, target, plan, nowS };
}

async function survey(session: SshSession, wish: PushWish, signal: AbortSignal | undefined): Promise<PushTarget> {
  return (await surveyByScript(session, wish, { signal })) ?? surveyBySftp(await session.sftp(), wish, signal);
}

async function compareContent(
  session: SshSession,
  target: PushTarget,
  { plan, signal }: { plan: PushPlan; signal: AbortSignal | undefined },
): Promise<PushPlan> {
  if (plan.toCompare.length === 0) return plan;
  const files = plan.toCompare.map(entry => ({ path: entry.target, sizeBytes: entry.sizeBytes }));
  const [there, here] = await Promise.all([
    target.hasScripts
      ? remoteHashes(session, { folder: target.base, files, signal })
      : remoteHashesBySftp(await session.sftp(), target.base, files),
    localHashes(plan.toCompare),
  ]);
  return decide(plan, new Set(plan.toCompare.filter(entry => here.get(entry) === there.get(entry.target))));
}

interface Sending {
  readonly prepared: Prepared;
  readonly tally: Tally;
  readonly meter: Meter;
  readonly signal: AbortSignal | undefined;
}

async function send(session: SshSession, { options = {} }: TransferRequest, sending: Sending): Promise<void> {
  const { prepared, tally, meter, signal } = sending;
  const { target, plan, nowS } = prepared;
  const context: PushContext = {
    session,
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
    placed: entry => {
      tally.add(entry);
    },
    resumed: bytes => {
      tally.resumed(bytes);
    },
  };
  if (target.hasScripts) await sendByScripts(context, plan, target.existing.get('')?.device ?? '');
  else await sendBySftp(context, plan);
}

function interrupted(error: TransportError, filesPlaced: number, filesPlanned: number): TransportError {
  return new TransportError(`${error.message} ${String(filesPlaced)} of ${String(filesPlanned)} files are in place.`, {
    cause: error,
    facts: { ...error.facts, filesPlaced, filesPlanned },
    hint: 'Repeat the command with --resume: what is in place is not sent again, and a large file is continued.',
  });
}
