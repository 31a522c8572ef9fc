import { UsageError } from '../errors.js';
import { ImageError } from '../fastboot/image/image.js';
import type { BoardFacts } from './board-facts.js';
import type { ImageKind } from './image-kind.js';
import type { InspectedImage } from './inspect.js';
import type { FlashManifest } from './manifest.js';
import type { FlashPlan, FlashStep } from './plan.js';
import { WrongBoardError } from './errors.js';

export interface PlanCheck {
  readonly manifest?: FlashManifest | undefined;
  /** Of all boards that are known. */
  readonly manifests: readonly FlashManifest[];
  /** By name. */
  readonly images: ReadonlyMap<string, InspectedImage>;
  readonly facts: BoardFacts;
  /** As the board has them now, in bytes. */
  readonly partitionSizes: ReadonlyMap<string, number>;
}

/** Partitions to which the partition table itself is written. */
export const TABLE_PARTITIONS: readonly string[] = ['gpt', 'mmc0'];

/**
 * Holds every image of a plan against what is expected of it and against the partition that it goes to: as it will be
 * after the new partition table, where the plan writes one.
 * @throws ImageError, WrongBoardError, UsageError
 */
export function checkPlan(plan: FlashPlan, check: PlanCheck): void {
  const flashes = plan.steps.filter(step => step.kind === 'flash');
  const sizes = new Map(check.partitionSizes);
  for (const step of flashes.filter(({ partition }) => TABLE_PARTITIONS.includes(partition))) {
    const image = imageOf(step, check);
    if (image.partitionTable === undefined) throw wrongKind(image, step.partition, 'partition table');
    const { diskBytes, partitions } = image.partitionTable;
    if (check.facts.mmcSizeBytes !== undefined && diskBytes > check.facts.mmcSizeBytes) {
      throw new WrongBoardError(
        `${image.name} is for an eMMC of ${String(diskBytes)} bytes, and that of this board has ${String(check.facts.mmcSizeBytes)}.`,
        { hint: 'Check that the images are for this board; nothing was written.' },
      );
    }
    sizes.delete(step.partition);
    for (const { name, sizeBytes } of partitions) sizes.set(name, sizeBytes);
  }
  for (const step of flashes) {
    const image = imageOf(step, check);
    checkExists(step, sizes, check.manifests);
    checkKind(step, image, check.manifest);
    checkSize(step, image, sizes.get(step.partition));
  }
}

type FlashImage = Extract<FlashStep, { kind: 'flash' }>;

function imageOf({ file }: FlashImage, { images }: PlanCheck): InspectedImage {
  const image = images.get(file);
  if (image === undefined) throw new Error(`${file} is in the plan and was not inspected.`);
  return image;
}

function checkKind(step: FlashImage, image: InspectedImage, manifest: FlashManifest | undefined): void {
  const { kind } = image;
  if (kind === undefined || TABLE_PARTITIONS.includes(step.partition)) return;
  if (kind === 'archive' || kind === 'web page') throw wrongKind(image, step.partition, 'image');
  const expected = expectedKinds(step.partition, manifest);
  if (expected !== undefined && !expected.includes(kind)) throw wrongKind(image, step.partition, expected.join(' or '));
}

function expectedKinds(partition: string, manifest: FlashManifest | undefined): readonly ImageKind[] | undefined {
  const step = manifest?.steps.find(one => one.do === 'flash' && one.partition === partition);
  return step?.do === 'flash' ? manifest?.files.find(({ id }) => id === step.file)?.kinds : undefined;
}

/**
 * A board that tells the sizes of partitions tells those of all that it has, but for the places outside of its table,
 * such as bootloader0. Those are in the manifests.
 */
function checkExists(
  { partition }: FlashImage,
  sizes: ReadonlyMap<string, number>,
  manifests: readonly FlashManifest[],
): void {
  if (sizes.size === 0 || sizes.has(partition) || TABLE_PARTITIONS.includes(partition)) return;
  if (manifests.some(({ steps }) => steps.some(step => 'partition' in step && step.partition === partition))) return;
  throw new UsageError(`The board has no partition ${partition}.`, {
    hint: 'Check the name with `mdt fastboot getvar all`; nothing was written.',
    facts: { partition, partitions: [...sizes.keys()] },
  });
}

function checkSize(step: FlashImage, image: InspectedImage, partitionBytes: number | undefined): void {
  if (partitionBytes === undefined || image.coveredBytes <= partitionBytes) return;
  const { coveredBytes } = image;
  const sizes = `${String(coveredBytes)} bytes, and ${step.partition} has ${String(partitionBytes)}`;
  throw new ImageError(image.name, `it covers ${sizes}`, {
    hint: 'Check that the image is for this board; nothing was written.',
    facts: { coveredBytes, partitionBytes, partition: step.partition },
  });
}

function wrongKind({ name, kind }: InspectedImage, partition: string, expected: string): ImageError {
  const is = kind === undefined ? 'of a kind that is not known' : `${article(kind)} ${kind}`;
  return new ImageError(name, `it is ${is}, where ${partition} needs ${article(expected)} ${expected}`, {
    hint: 'Check that no file was renamed or given for the wrong partition; nothing was written.',
    facts: { kind, expected, partition },
  });
}

function article(noun: string): string {
  return /^[aeiou]/i.test(noun) ? 'an' : 'a';
}
