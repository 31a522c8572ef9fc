import { TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { LongOperation } from '../time/progress.js';
import { Meter } from './meter.js';
import { Tally, type Placed } from './tally.js';
import { IncompleteTransferError } from './incomplete.js';
import { SKIP_REASONS, type MissingFile, type SkippedFile, type TransferSummary } from './transfer.js';

/** A transfer of which everything is known and nothing is done yet. */
export interface PreparedTransfer {
  readonly task: 'push' | 'pull';
  readonly startedAtMs: number;
  readonly changes: readonly Placed[];
  readonly unchanged: number;
  readonly skipped: readonly SkippedFile[];
  readonly targets: readonly string[];
  /** What could not be transferred; grows while the transfer runs. */
  readonly missing: readonly MissingFile[];
  readonly isDryRun: boolean;
}

/** Does the work, reports its progress, and sums up what it did; a dry run sums up what it would do. */
export async function runTransfer(
  prepared: PreparedTransfer,
  operation: LongOperation,
  work: (meter: Meter, tally: Tally) => Promise<void>,
): Promise<TransferSummary> {
  const { task, changes, unchanged, skipped, targets, missing, startedAtMs } = prepared;
  const tally = new Tally();
  const summary = (): TransferSummary => ({
    ...tally.totals(),
    unchanged: unchanged + tally.unchanged,
    skipped,
    targets,
    elapsedMs: Math.round(performance.now() - startedAtMs),
  });
  if (prepared.isDryRun) {
    for (const entry of changes) tally.add(entry);
    if (missing.length > 0) throw new IncompleteTransferError(task, missing, summary());
    return summary();
  }
  const files = changes.filter(entry => entry.kind === 'file');
  const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const meter = new Meter(task, totalBytes, operation);
  for (const { path, reason } of skipped) meter.message(`Left out ${safeText(path)}: ${SKIP_REASONS[reason]}.`);
  try {
    await work(meter, tally);
    for (const { path, reason } of missing) meter.message(`Not ${task}ed: ${safeText(path)}: ${safeText(reason)}.`);
    if (missing.length > 0) throw new IncompleteTransferError(task, missing, summary());
  } catch (error) {
    const told = error instanceof TransportError ? interrupted(error, tally.files, files.length) : error;
    meter.fail(told);
    throw told;
  }
  meter.finish();
  return summary();
}

/** The error of a connection that broke, with what was done until then and how to go on. */
function interrupted(error: TransportError, filesPlaced: number, filesPlanned: number): TransportError {
  return new TransportError(`${error.message} ${String(filesPlaced)} of ${String(filesPlanned)} files are in place.`, {
    cause: error,
    facts: { ...error.facts, filesPlaced, filesPlanned },
    hint: 'Repeat the command with --resume: what is in place is not sent again, and a large file is continued.',
  });
}
