import type { FlashOutcome } from '../../flash/flash-board.js';
import type { ImageSet } from '../../flash/image-set.js';
import type { BoardPlace } from '../../bootloader/locate-board.js';
import { describeStep } from '../../flash/plan.js';
import type { FlashPreview } from '../../flash/preview.js';
import type { MendelVersion } from '../../flash/verify.js';
import { safeText } from '../../device/board-text.js';
import type { FlashOptions } from '../flash-options.js';
import { formatBytes, formatDuration, plural } from './amounts.js';

/**
 * `1  flash bootloader0 with u-boot.imx (1.0 MB)`, one line for each step; before them, as number 0, the way into
 * fastboot where the board has still to go there.
 */
export function stepLines(
  { steps, isRestarted }: FlashPreview,
  { images, board }: { readonly images: ImageSet; readonly board: string },
): string[] {
  const width = String(steps.length).length;
  const numbered = (number: number, text: string): string => `${String(number).padStart(width)}  ${text}`;
  const lines = steps.map((step, index) => {
    const image = step.kind === 'flash' ? images.images.get(step.file) : undefined;
    const size = image === undefined ? '' : ` (${formatBytes(image.image.sizeBytes)})`;
    return numbered(index + 1, `${safeText(describeStep(step))}${size}`);
  });
  return isRestarted ? [numbered(0, `restart ${board} from Mendel into fastboot`), ...lines] : lines;
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
