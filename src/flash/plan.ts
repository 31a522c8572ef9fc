import type { BoardFacts } from './board-facts.js';
import { WrongBoardError } from './errors.js';
import { PARTITION_TABLE, type FlashManifest, type ManifestStep } from './manifest.js';
import { UsageError } from '../errors.js';

/** One thing that is done to a board, in order. */
export type FlashStep =
  | { readonly kind: 'flash'; readonly partition: string; /** Name of the image. */ readonly file: string }
  | { readonly kind: 'erase'; readonly partition: string }
  | { readonly kind: 'reboot-bootloader' }
  | { readonly kind: 'reboot' };

/** The steps of a flash, in their order. */
export interface FlashPlan {
  readonly steps: readonly FlashStep[];
  /** What the user should know of it, in sentences. */
  readonly remarks: readonly string[];
}

export interface PlanOptions {
  /** What becomes of a home partition that the board has; it is kept unless this says otherwise. */
  readonly home?: 'keep' | 'wipe' | undefined;
  /** Images to write to partitions instead of what the manifest has for them, or beside it; names by partition. */
  readonly replacements?: ReadonlyMap<string, string> | undefined;
  /** Start the system at the end; true unless it says otherwise. */
  readonly reboot?: boolean | undefined;
}

/** What is to be flashed: a set of images by its manifest, or nothing but replacements. */
export interface PlanSubject {
  readonly manifest?: FlashManifest | undefined;
  /** Names of the files that are there. */
  readonly files: ReadonlySet<string>;
}

/**
 * The steps that bring `subject` onto a board of which `facts` are known. Pure: what runs and what `--dry-run` prints is
 * this.
 * @throws WrongBoardError, UsageError
 */
export function planFlash(subject: PlanSubject, facts: BoardFacts, options: PlanOptions): FlashPlan {
  const { manifest } = subject;
  const remarks = manifest === undefined ? [] : checkHome(manifest, facts, options);
  const left = new Map(options.replacements);
  const steps: FlashStep[] = [];
  for (const step of manifest?.steps ?? [{ do: 'reboot' } as const]) {
    if (step.do === 'reboot') for (const [partition, file] of left) steps.push({ kind: 'flash', partition, file });
    if (step.do === 'reboot' && options.reboot === false) continue;
    const planned = planStep(step, { ...subject, facts, options });
    if (planned === undefined) continue;
    steps.push(planned);
    if (planned.kind === 'flash') left.delete(planned.partition);
  }
  return { steps, remarks };
}

interface Planning extends PlanSubject {
  readonly facts: BoardFacts;
  readonly options: PlanOptions;
}

function planStep(step: ManifestStep, planning: Planning): FlashStep | undefined {
  switch (step.do) {
    case 'flash': {
      const { partition, unlessKept } = step;
      const replacement = planning.options.replacements?.get(partition);
      if (replacement !== undefined) return { kind: 'flash', partition, file: replacement };
      if (unlessKept === 'home' && planning.facts.hasHome && planning.options.home !== 'wipe') return undefined;
      return { kind: 'flash', partition, file: fileFor(step, planning) };
    }
    case 'erase':
      return { kind: 'erase', partition: step.partition };
    case 'reboot-bootloader':
    case 'reboot':
      return { kind: step.do };
  }
}

function fileFor({ partition, file: id }: Extract<ManifestStep, { do: 'flash' }>, planning: Planning): string {
  const { manifest, files } = planning;
  const names =
    id === PARTITION_TABLE && manifest !== undefined && manifest.partitionTables.length > 0
      ? [partitionTableFor(manifest, planning.facts)]
      : (manifest?.files.find(file => file.id === id)?.names ?? []);
  const name = names.find(candidate => files.has(candidate));
  if (name !== undefined) return name;
  throw new UsageError(`The images lack ${names.join(' or ')}, which the partition ${partition} needs.`, {
    hint: `Download the zip again, or name the file with --partition ${partition}=FILE.`,
    facts: { partition, names },
  });
}

/** The partition table for the eMMC of this board. @throws WrongBoardError if there is none for its size */
export function partitionTableFor(manifest: FlashManifest, { mmcSizeBytes }: BoardFacts): string {
  const { board, partitionTables } = manifest;
  if (mmcSizeBytes === undefined) {
    throw new WrongBoardError(`The board does not tell the size of its eMMC, as every ${board} does.`, {
      hint: `These images are for a ${board}; flash the images of the board that this is.`,
    });
  }
  const choice = partitionTables.find(
    ({ moreThanBytes, lessThanBytes = Infinity }) => mmcSizeBytes > moreThanBytes && mmcSizeBytes < lessThanBytes,
  );
  if (choice !== undefined) return choice.file;
  throw new WrongBoardError(`There is no ${board} with an eMMC of ${String(mmcSizeBytes)} bytes.`, {
    hint: 'Check that the images are for this board; nothing was written.',
    facts: { mmcSizeBytes, partitionTables },
  });
}

/** @throws UsageError where a home partition is to be kept or wiped that the images know nothing of */
function checkHome(manifest: FlashManifest, facts: BoardFacts, { home }: PlanOptions): string[] {
  const knowsHome = manifest.steps.some(step => step.do === 'flash' && step.unlessKept === 'home');
  if (knowsHome) {
    if (!facts.hasHome) return ['The board has no home partition yet; it gets an empty one.'];
    return home === 'wipe' ? ['All files in /home are lost.'] : ['The home partition is kept.'];
  }
  if (home !== undefined && (home === 'wipe' || facts.hasHome)) {
    throw new UsageError(`These images are a release ${manifest.layout}: there is nothing to ${home}.`, {
      hint: facts.hasHome
        ? 'What is in /home of this board would be lost; save it first, then leave the option out.'
        : 'Leave the option out.',
    });
  }
  return facts.hasHome ? ['These images have no home partition: what is in /home of this board is lost.'] : [];
}

/** As it is printed, in messages and in the journal: `flash rootfs with rootfs_arm64.img`. */
export function describeStep(step: FlashStep): string {
  switch (step.kind) {
    case 'flash':
      return `flash ${step.partition} with ${step.file}`;
    case 'erase':
      return `erase ${step.partition}`;
    case 'reboot-bootloader':
      return 'reboot into the bootloader';
    case 'reboot':
      return 'reboot into Mendel';
  }
}
