import type { FlashOutcome } from '../../flash/flash-board.js';
import type { ImageSet } from '../../flash/image-set.js';
import type { BoardPlace } from '../../flash/locate-board.js';
import { describeStep, type FlashStep } from '../../flash/plan.js';
import type { MendelVersion } from '../../flash/verify.js';
import { safeText } from '../../device/board-text.js';
import type { FlashOptions } from '../flash-options.js';
import { formatBytes, formatDuration, plural } from './amounts.js';

/** `1  flash bootloader0 with u-boot.imx (1.0 MB)`, one line for each step. */
export function stepLines(steps: readonly FlashStep[], { images }: Pick<ImageSet, 'images'>): string[] {
  const width = String(steps.length).length;
  return steps.map((step, index) => {
    const image = step.kind === 'flash' ? images.get(step.file) : undefined;
    const size = image === undefined ? '' : ` (${formatBytes(image.image.sizeBytes)})`;
    return `${String(index + 1).padStart(width)}  ${safeText(describeStep(step))}${size}`;
  });
}

/** The question that is asked before a board is touched. */
export function askToFlash(what: {
  readonly images: ImageSet;
  readonly options: FlashOptions;
  readonly boards: readonly BoardPlace[];
}): string {
  const { images, options, boards } = what;
  const { manifest, path, replacements } = images;
  const [board] = boards;
  const where = boards.length === 1 && board !== undefined ? board.name : plural(boards.length, 'board');
  if (manifest === undefined) return `Overwrite ${[...replacements.keys()].join(', ')} of ${where}?`;
  const lost = options.wipeHome ? 'Everything on it is lost' : 'Everything on it but /home is lost';
  return `Flash ${where} with ${safeText(path)} (${manifest.board})? ${lost}.`;
}

/** `swift-otter: flashed in 9 steps, 1 min 20 s; runs Mendel GNU/Linux 5 (Eagle), 20211117215217`. */
export function flashedLine(what: {
  readonly place: BoardPlace;
  readonly outcome: FlashOutcome;
  readonly version: MendelVersion | undefined;
  readonly elapsedMs: number;
}): string {
  const { place, outcome, version, elapsedMs } = what;
  const steps = plural(outcome.steps.length - outcome.resumedSteps, 'step');
  const runs =
    version === undefined
      ? ''
      : `; ${version.name} runs ${[version.system, version.version].filter(Boolean).join(', ')}`;
  return `${place.name}: flashed in ${steps}, ${formatDuration(elapsedMs)}${runs}`;
}

/** Schema of `--json`; fields are added, never changed. */
export function flashJson(place: BoardPlace, outcome: FlashOutcome, version: MendelVersion | undefined): object {
  return {
    board: place.name,
    flashed: true,
    serialNumber: outcome.serialNumber,
    steps: outcome.steps.map(describeStep),
    resumedSteps: outcome.resumedSteps,
    ...(version === undefined ? {} : { mendel: version }),
  };
}
