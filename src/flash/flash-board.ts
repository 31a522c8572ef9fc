import type { FastbootTarget } from '../device/fastboot-target.js';
import type { SshRoute } from '../device/route.js';
import type { HostContext } from '../pairing/host.js';
import { throwIfAborted } from '../time/deadline.js';
import { arrive } from '../bootloader/arrive.js';
import type { BoardPlace } from '../bootloader/locate-board.js';
import type { FlashPlan } from './plan.js';
import { prepareFlash, type FlashRequest } from './prepare-flash.js';
import { runPlan } from './run-plan.js';

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

/**
 * Flashes one board: gets it into fastboot, checks that it is the right one and that everything fits, and only then
 * writes.
 * @throws WrongBoardError, ImageError, UsageError with nothing written; FlashStepError in the middle, from where
 * `resume` goes on
 */
export async function flashBoard(host: HostContext, place: BoardPlace, request: FlashRequest): Promise<FlashOutcome> {
  const { signal, timeouts, onMessage } = request;
  const { mendelRoutes, ...ready } = await arrive(host, place, { ...request, connect: { timeouts, onMessage } });
  try {
    const { plan, facts, record, journal } = await prepareFlash(host, { ...ready, place }, request);
    throwIfAborted(signal);
    for (const text of plan.remarks) request.onProgress?.({ kind: 'message', task: 'flash', text });
    const { console } = place;
    const run = { plan, images: request.images.images, journal, record, console, settings: request };
    await runPlan({ ...run, serialNumber: facts.serialNumber }, ready, request);
    const { steps } = plan;
    return {
      serialNumber: facts.serialNumber,
      steps,
      resumedSteps: record.completed,
      mendelRoutes,
      target: ready.board.route.target,
    };
  } finally {
    await ready.client.close();
  }
}
