import { join, resolve } from 'node:path';
import { FileError, UsageError } from '../errors.js';
import type { BoardPlace } from '../bootloader/locate-board.js';
import type { ReadyBoard } from '../bootloader/wait-for-fastboot.js';
import { formatFastbootTarget } from '../device/fastboot-target.js';
import type { HostContext } from '../pairing/host.js';
import type { LongOperation } from '../time/progress.js';
import { checkBoard, readBoardFacts, readPartitionSizes, type BoardFacts } from './board-facts.js';
import { checkPlan } from './check-plan.js';
import type { RunSettings } from './flash-run.js';
import type { ImageSet } from './image-set.js';
import { FlashJournal, type FlashRecord } from './journal.js';
import { describeStep, planFlash, type FlashPlan, type PlanOptions } from './plan.js';

export interface FlashRequest extends Omit<PlanOptions, 'replacements'>, LongOperation, RunSettings {
  readonly images: ImageSet;
  /** What the board calls itself, if no manifest knows that and the user vouches for it. */
  readonly product?: string | undefined;
  /** Longest wait for the board to come up in fastboot first; default 60 s. */
  readonly enterTimeoutMs?: number | undefined;
  /** Go on where an earlier flash of this board was interrupted. */
  readonly resume?: boolean | undefined;
  /**
   * Decides what becomes of an earlier flash that was not finished, if `resume` does not: to go on with it, or to begin
   * anew. Without it the flash begins anew, which is always safe.
   */
  readonly onUnfinished?: ((record: FlashRecord) => Promise<'resume' | 'restart'>) | undefined;
}

/** Where the journals are: one file for each board whose flash is not finished. */
export function journalFolder({ paths }: HostContext): string {
  return join(paths.configDir, 'flash');
}

/** A board in fastboot, and the connection to it. */
export interface Reached extends ReadyBoard {
  readonly place: BoardPlace;
}

/** Every board has it that was flashed: one that tells its size tells that of every partition. */
const USUAL_PARTITION = 'boot';

/** All that is to be known before the first step. */
export interface Prepared {
  readonly plan: FlashPlan;
  readonly facts: BoardFacts;
  readonly journal: FlashJournal;
  readonly record: FlashRecord;
}

/** Asks a board in fastboot what it is and checks everything; writes nothing. @throws as planFor */
export async function prepareFlash(
  host: HostContext,
  { board, client, place }: Reached,
  request: FlashRequest,
): Promise<Prepared> {
  const { images, signal } = request;
  const { manifests } = images;
  const shown = await readBoardFacts(client, { usbSerialNumber: board.device.serialNumber, signal });
  const remarks = checkedBoard(shown, request);
  const target = formatFastbootTarget(board.route.target);
  const isRepeated = manifests.some(one => one.identity.repeatedSerialNumber === shown.serialNumber);
  const journal = new FlashJournal(journalFolder(host), isRepeated ? target : (shown.serialNumber ?? target));
  const before = await readJournal(journal, request);
  const isResumed = await wantsResume(before, request);
  const facts = { ...shown, hasHome: hasHome(shown, before, isResumed) };
  const planned = planSteps(facts, request);
  const partitions = planned.steps.flatMap(step => (step.kind === 'flash' ? [step.partition] : []));
  const partitionSizes = await readPartitionSizes(client, new Set([...partitions, USUAL_PARTITION]), signal);
  checkPlan(planned, { ...images, facts, partitionSizes });
  const plan = { ...planned, remarks: [...remarks, ...planned.remarks] };
  const fresh: FlashRecord = {
    board: shown.serialNumber ?? place.name,
    ...{ identity: images.identity, completed: 0, hadHome: facts.hasHome },
    ...absolutePaths(images, plan),
    startedAt: new Date().toISOString(),
  };
  if (before === undefined || !isResumed) return { plan, facts, journal, record: fresh };
  checkSame(before, fresh);
  return { plan, facts, journal, record: before };
}

/**
 * The same for a board of which all that counts is known already: what is printed of one that is not in fastboot yet.
 * @throws WrongBoardError, ImageError, UsageError
 */
export function planFor(
  facts: BoardFacts,
  partitionSizes: ReadonlyMap<string, number>,
  request: FlashRequest,
): FlashPlan {
  const remarks = checkedBoard(facts, request);
  const plan = planSteps(facts, request);
  checkPlan(plan, { ...request.images, facts, partitionSizes });
  return { ...plan, remarks: [...remarks, ...plan.remarks] };
}

function checkedBoard(facts: BoardFacts, { images: { manifest, manifests }, product }: FlashRequest): string[] {
  return manifest === undefined ? [] : checkBoard(manifest, { facts, manifests, product });
}

function planSteps(facts: BoardFacts, request: FlashRequest): FlashPlan {
  const { manifest, images, replacements } = request.images;
  return planFlash({ manifest, files: new Set(images.keys()) }, facts, { ...request, replacements });
}

/** Paths and steps as another folder has them, too. */
function absolutePaths(
  { path, replacements }: ImageSet,
  { steps }: FlashPlan,
): Pick<FlashRecord, 'images' | 'partitions' | 'steps'> {
  const files = new Set(replacements.values());
  return {
    images: path === '' ? '' : resolve(path),
    partitions: Object.fromEntries([...replacements].map(([partition, file]) => [partition, resolve(file)])),
    steps: steps.map(step =>
      describeStep(step.kind === 'flash' && files.has(step.file) ? { ...step, file: resolve(step.file) } : step),
    ),
  };
}

/** A journal that cannot be read is no reason not to begin anew. */
async function readJournal(
  journal: FlashJournal,
  { resume, onProgress }: FlashRequest,
): Promise<FlashRecord | undefined> {
  try {
    return await journal.read();
  } catch (error) {
    if (resume === true || !(error instanceof FileError)) throw error;
    const text = `The journal of an earlier flash cannot be read; it is kept as ${await journal.setAside()}.`;
    onProgress?.({ kind: 'message', task: 'flash', text });
    return undefined;
  }
}

async function wantsResume(before: FlashRecord | undefined, request: FlashRequest): Promise<boolean> {
  const { resume, onUnfinished, onProgress, images } = request;
  if (before === undefined) {
    if (resume !== true) return false;
    throw new UsageError('No flash of this board was interrupted.', { hint: 'Leave --resume out to flash it anew.' });
  }
  if (resume === true) return true;
  // To begin anew is to go on.
  if (before.completed === 0) return false;
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
