import { AbortedError, MdtError, TimeoutError, TransportError } from '../errors.js';
import { describeStep, type FlashStep } from './plan.js';

/** Where a flash came to its end before it was done. */
export interface Stop {
  readonly steps: readonly FlashStep[];
  /** How many of them are done. */
  readonly completed: number;
  /** False if the board holds what it held before. */
  readonly hasWritten: boolean;
  /** Over USB there is a cable to be blamed. */
  readonly isUsb: boolean;
}

/** A step failed or was interrupted; says which, what is done, and what is safe to do next. The journal knows it too. */
export class FlashStepError extends MdtError {
  constructor(cause: MdtError, stop: Stop) {
    const { steps, completed } = stop;
    const step = steps[completed];
    const name = step === undefined ? 'the end' : describeStep(step);
    const place = `step ${String(completed + 1)} of ${String(steps.length)}, ${name}`;
    const message =
      cause instanceof AbortedError
        ? `Interrupted in ${place}. ${doneText(stop)}`
        : `Flashing failed in ${place}: ${cause.message} ${doneText(stop)}`;
    super(cause.family, cause.code, message, {
      hint: [...causeHints(cause, stop), ...nextHints(step, stop)].join(' '),
      facts: { ...cause.facts, step: name, completed, total: steps.length },
      cause,
    });
  }
}

/** `4 steps are done (bootloader0, gpt).`: restarts leave nothing behind that is worth a word. */
function doneText({ steps, completed, hasWritten }: Stop): string {
  if (!hasWritten) return 'Nothing was written.';
  if (completed === 0) return 'No step is done.';
  const places = steps.slice(0, completed).flatMap(step => ('partition' in step ? [step.partition] : []));
  const count = completed === 1 ? '1 step is' : `${String(completed)} steps are`;
  return `${count} done (${places.join(', ')}).`;
}

function causeHints(cause: MdtError, { isUsb }: Stop): string[] {
  const isLink = cause instanceof TransportError || cause instanceof TimeoutError;
  if (isLink && isUsb) {
    return [
      'Check the cable (USB-A to C and made for data, not C to C), the power supply, and that no hub is between.',
    ];
  }
  return cause.hint === undefined || cause instanceof AbortedError ? [] : [cause.hint];
}

/** Places without which the board does not start; U-Boot writes them only when all of an image has come. */
const BOOTLOADERS: readonly string[] = ['bootloader0', 'mmc0boot0', 'bootloaders'];

function nextHints(step: FlashStep | undefined, { hasWritten }: Stop): string[] {
  if (!hasWritten) return ['Put the board back into fastboot if it has left it, and run the command again.'];
  const isBootloader = step?.kind === 'flash' && BOOTLOADERS.includes(step.partition);
  return [
    ...(isBootloader ? ['Leave the board powered until this step is done, or it may start from an SD card only.'] : []),
    'Put the board back into fastboot if it has left it, and go on with `mdt flash --resume`.',
  ];
}
