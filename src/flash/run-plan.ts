import { MdtError } from '../errors.js';
import type { ReadyBoard } from '../bootloader/wait-for-fastboot.js';
import { throwIfAborted } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import type { FlashRun, Work } from './flash-run.js';
import { OnwardImage } from './onward-image.js';
import { describeStep, type FlashStep } from './plan.js';
import { restartIntoFastboot } from './restart-step.js';
import { FlashStepError } from './step-error.js';

/**
 * Does the steps that are left, one after the other, and notes each in the journal when it is done; at the end, and
 * where nothing was written, the journal is gone. The connection to the board is closed.
 * @throws FlashStepError, after which the journal says where to go on; FileError if there can be no journal, with nothing
 * written
 */
export async function runPlan(run: FlashRun, board: ReadyBoard, operation: LongOperation): Promise<void> {
  const { plan, journal, record } = run;
  const { steps } = plan;
  let ready = board;
  let { completed } = record;
  let hasWritten: boolean;
  const onWriting = (): void => {
    hasWritten = true;
  };
  try {
    // An earlier flash may have written, and its journal knows what the board had before.
    hasWritten = (await journal.read()) !== undefined;
    await journal.write(record);
  } catch (error) {
    await ready.client.close();
    throw error;
  }
  try {
    for (const step of steps.slice(completed)) {
      throwIfAborted(operation.signal);
      const text = `Step ${String(completed + 1)} of ${String(steps.length)}: ${describeStep(step)}`;
      operation.onProgress?.({ kind: 'message', task: 'flash', text });
      ready = await runStep(run, step, { ready, operation, onWriting, left: steps.slice(completed + 1) });
      completed += 1;
      await journal.write({ ...record, completed });
    }
  } catch (error) {
    // Anything else is a bug of ours, which the step would only hide.
    if (!(error instanceof MdtError)) throw error;
    if (!hasWritten) await journal.remove();
    throw new FlashStepError(error, { steps, completed, hasWritten, isUsb: ready.board.route.medium === 'usb' });
  } finally {
    await ready.client.close();
  }
  await journal.remove();
}

/** Resolves with the connection for the next step. */
async function runStep(run: FlashRun, step: FlashStep, work: Work): Promise<ReadyBoard> {
  const { ready, operation } = work;
  const { signal } = operation;
  switch (step.kind) {
    case 'flash':
      await flash(run, step, work);
      return ready;
    case 'erase':
      work.onWriting();
      await ready.client.erase(step.partition, signal);
      return ready;
    case 'reboot':
      await ready.client.reboot(signal);
      return ready;
    case 'reboot-bootloader':
      return await restartIntoFastboot(run, work);
  }
}

async function flash(
  run: FlashRun,
  { partition, file }: Extract<FlashStep, { kind: 'flash' }>,
  { ready, operation, onWriting }: Work,
): Promise<void> {
  const inspected = run.images.get(file);
  if (inspected === undefined) throw new Error(`${file} is in the plan and was not inspected.`);
  await using image = new OnwardImage(inspected.image);
  await ready.client.flash({ partition, image, onWriting }, operation);
}
