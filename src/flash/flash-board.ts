import { join } from 'node:path';
import type { FastbootTarget } from '../device/fastboot-target.js';
import type { SshRoute } from '../device/route.js';
import { UsageError } from '../errors.js';
import type { FastbootClient } from '../fastboot/client.js';
import type { HostContext } from '../pairing/host.js';
import { throwIfAborted } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import { checkBoard, readBoardFacts, readPartitionSizes, type BoardFacts } from './board-facts.js';
import type { BoardLink } from './board-link.js';
import { checkPlan } from './check-plan.js';
import { enterFastboot } from './enter-fastboot.js';
import type { RunSettings } from './flash-run.js';
import type { ImageSet } from './image-set.js';
import { FlashJournal, type FlashRecord } from './journal.js';
import type { BoardPlace } from './locate-board.js';
import { describeStep, planFlash, type FlashPlan, type PlanOptions } from './plan.js';
import { runPlan } from './run-plan.js';

export interface FlashRequest extends Omit<PlanOptions, 'replacements'>, LongOperation, RunSettings {
  readonly images: ImageSet;
  /** Go on where an earlier flash of this board was interrupted. */
  readonly resume?: boolean | undefined;
  /**
   * Decides what becomes of an earlier flash that was not finished, if `resume` does not: to go on with it, or to begin
   * anew. Without it the flash begins anew, which is always safe.
   */
  readonly onUnfinished?: ((record: FlashRecord) => Promise<'resume' | 'restart'>) | undefined;
}

/** What was done to one board. */
export interface FlashOutcome {
  readonly serialNumber?: string | undefined;
  readonly steps: FlashPlan['steps'];
  /** How many of them an earlier flash had done. */
  readonly resumedSteps: number;
  /** Where the board was when it ran Mendel, if it was brought into fastboot from there. */
  readonly mendelRoutes: readonly SshRoute[];
  /** Where it was flashed. */
  readonly target: FastbootTarget;
}

/** Where the journals are: one file for each board whose flash is not finished. */
export function journalFolder({ paths }: HostContext): string {
  return join(paths.configDir, 'flash');
}

/**
 * Flashes one board: gets it into fastboot, checks that it is the right one and that everything fits, and only then
 * writes.
 * @throws WrongBoardError, ImageError, UsageError with nothing written; FlashStepError in the middle, from where
 * `resume` goes on
 */
export async function flashBoard(host: HostContext, place: BoardPlace, request: FlashRequest): Promise<FlashOutcome> {
  const { signal, timeouts, onMessage } = request;
  const entered = await enterFastboot(host, place, { ...request, connect: { timeouts, onMessage } });
  const { link, client, mendelRoutes } = entered;
  try {
    const { plan, facts, record, journal } = await prepare(host, { link, client, place }, request);
    throwIfAborted(signal);
    for (const text of plan.remarks) request.onProgress?.({ kind: 'message', task: 'flash', text });
    const { console } = place;
    const run = { plan, images: request.images.images, link, journal, record, console, settings: request };
    await runPlan({ ...run, serialNumber: facts.serialNumber }, client, request);
    const { steps } = plan;
    return {
      serialNumber: facts.serialNumber,
      steps,
      resumedSteps: record.completed,
      mendelRoutes,
      target: link.target,
    };
  } finally {
    await client.close();
  }
}

/** What would be done to a board that is in fastboot; it is asked, and nothing else. @throws as flashBoard does */
export async function previewFlash(host: HostContext, place: BoardPlace, request: FlashRequest): Promise<FlashPlan> {
  if (place.kind !== 'fastboot') {
    throw new UsageError(`${place.name} is not in fastboot, where alone it tells which steps it needs.`, {
      hint: 'Bring it there with `mdt reboot-bootloader --wait`; a dry run restarts nothing.',
    });
  }
  const { timeouts, onMessage } = request;
  const { client, link } = await enterFastboot(host, place, { ...request, connect: { timeouts, onMessage } });
  try {
    const { plan, record } = await prepare(host, { link, client, place }, { ...request, onUnfinished: undefined });
    return { ...plan, steps: plan.steps.slice(record.completed) };
  } finally {
    await client.close();
  }
}

interface Reached {
  readonly link: BoardLink;
  readonly client: FastbootClient;
  readonly place: BoardPlace;
}

interface Prepared {
  readonly plan: FlashPlan;
  readonly facts: BoardFacts;
  readonly journal: FlashJournal;
  readonly record: FlashRecord;
}

/** Asks the board what it is and checks everything; writes nothing. */
async function prepare(host: HostContext, { link, client, place }: Reached, request: FlashRequest): Promise<Prepared> {
  const { images, signal } = request;
  const { manifest, manifests } = images;
  const shown = await readBoardFacts(client, signal);
  if (manifest !== undefined) checkBoard(manifest, shown, manifests);
  const isRepeated = manifests.some(one => one.identity.repeatedSerialNumber === shown.serialNumber);
  const journal = new FlashJournal(journalFolder(host), isRepeated ? link.name : (shown.serialNumber ?? link.name));
  const before = await journal.read();
  const isResumed = await wantsResume(before, request);
  const facts = { ...shown, hasHome: hasHome(shown, before, isResumed) };
  const subject = { manifest, files: new Set(images.images.keys()) };
  const plan = planFlash(subject, facts, { ...request, replacements: images.replacements });
  const partitions = new Set(plan.steps.flatMap(step => (step.kind === 'flash' ? [step.partition] : [])));
  const partitionSizes = await readPartitionSizes(client, partitions, signal);
  checkPlan(plan, { manifest, images: images.images, facts, partitionSizes });
  const fresh: FlashRecord = {
    board: shown.serialNumber ?? place.name,
    ...{ images: images.path, identity: images.identity, completed: 0, hadHome: facts.hasHome },
    steps: plan.steps.map(describeStep),
    startedAt: new Date().toISOString(),
  };
  if (before === undefined || !isResumed) return { plan, facts, journal, record: fresh };
  checkSame(before, fresh);
  return { plan, facts, journal, record: before };
}

async function wantsResume(before: FlashRecord | undefined, request: FlashRequest): Promise<boolean> {
  const { resume, onUnfinished, onProgress, images } = request;
  if (before === undefined) {
    if (resume !== true) return false;
    throw new UsageError('No flash of this board was interrupted.', { hint: 'Leave --resume out to flash it anew.' });
  }
  if (resume === true) return true;
  const progress = `${String(before.completed)} of ${String(before.steps.length)} steps`;
  const canResume = before.identity === images.identity;
  if (canResume && onUnfinished !== undefined) return (await onUnfinished(before)) === 'resume';
  const text = `An earlier flash of this board was interrupted after ${progress}; it begins anew.`;
  onProgress?.({ kind: 'message', task: 'flash', text });
  return false;
}

/**
 * Whether the board has a home partition with something in it. When a flash was interrupted, the new partition table may
 * have made one that nothing was written to: what counts is what there was before, or that it has been written.
 */
function hasHome(shown: BoardFacts, before: FlashRecord | undefined, isResumed: boolean): boolean {
  if (before === undefined) return shown.hasHome;
  if (isResumed) return before.hadHome;
  const written = before.steps.slice(0, before.completed).some(step => step.startsWith('flash home '));
  return shown.hasHome && (before.hadHome || written);
}

function checkSame(before: FlashRecord, now: FlashRecord): void {
  if (before.identity !== now.identity) {
    throw new UsageError('The flash that was interrupted was of other images.', {
      hint:
        before.images === ''
          ? 'Give the same files, or leave --resume out to begin anew with these.'
          : `Give ${before.images}, or leave --resume out to begin anew with these.`,
    });
  }
  if (before.steps.join('\n') === now.steps.join('\n')) return;
  throw new UsageError('The flash that was interrupted had other steps.', {
    hint: 'Give the same options as then, or leave --resume out to begin anew.',
    facts: { before: before.steps, now: now.steps },
  });
}
