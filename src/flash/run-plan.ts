import { MdtError } from '../errors.js';
import type { FastbootClient } from '../fastboot/client.js';
import type { BoardMessage } from '../fastboot/exchange.js';
import type { FastbootTimeouts } from '../fastboot/timeouts.js';
import { throwIfAborted } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import type { BoardLink } from './board-link.js';
import type { InspectedImage } from './inspect.js';
import type { FlashJournal, FlashRecord } from './journal.js';
import { OnwardImage } from './onward-image.js';
import { describeStep, type FlashPlan, type FlashStep } from './plan.js';
import { FlashStepError } from './step-error.js';

export interface FlashRun {
  readonly plan: FlashPlan;
  readonly images: ReadonlyMap<string, InspectedImage>;
  readonly link: BoardLink;
  readonly journal: FlashJournal;
  /** Where to begin: at its `completed`. */
  readonly record: FlashRecord;
  readonly serialNumber?: string | undefined;
  readonly settings: RunSettings;
}

export interface RunSettings {
  /** What differs from the defaults of fastboot. */
  readonly timeouts?: Partial<FastbootTimeouts> | undefined;
  /** Longest that a board may take to come back into fastboot; default 60 s. */
  readonly returnTimeoutMs?: number | undefined;
  /** Hears what the bootloader says. */
  readonly onMessage?: ((message: BoardMessage) => void) | undefined;
}

const RETURN_TIMEOUT_MS = 60_000;

/**
 * Does the steps that are left, one after the other, and notes each in the journal when it is done; at the end the
 * journal is gone. `client` is a connection to the board; it is closed.
 * @throws FlashStepError, after which the journal says where to go on
 */
export async function runPlan(run: FlashRun, client: FastbootClient, operation: LongOperation): Promise<void> {
  const { plan, journal, record, link } = run;
  const { steps } = plan;
  let connection = client;
  let { completed } = record;
  try {
    await journal.write(record);
    for (const step of steps.slice(completed)) {
      throwIfAborted(operation.signal);
      const text = `Step ${String(completed + 1)} of ${String(steps.length)}: ${describeStep(step)}`;
      operation.onProgress?.({ kind: 'message', task: 'flash', text });
      connection = await runStep(run, step, { connection, operation });
      completed += 1;
      await journal.write({ ...record, completed });
    }
  } catch (error) {
    // Anything else is a bug of ours, which the step would only hide.
    if (!(error instanceof MdtError)) throw error;
    throw new FlashStepError(error, { steps, completed, isUsb: link.target.protocol === 'usb' });
  } finally {
    await connection.close();
  }
  await journal.remove();
}

interface Work {
  readonly connection: FastbootClient;
  readonly operation: LongOperation;
}

/** Resolves with the connection for the next step. */
async function runStep(run: FlashRun, step: FlashStep, { connection, operation }: Work): Promise<FastbootClient> {
  const { signal } = operation;
  switch (step.kind) {
    case 'flash':
      await flash(run, step, { connection, operation });
      return connection;
    case 'erase':
      await connection.erase(step.partition, signal);
      return connection;
    case 'reboot':
      await connection.reboot(signal);
      return connection;
    case 'reboot-bootloader': {
      const { link, serialNumber, settings } = run;
      await connection.rebootBootloader(signal);
      return await link.reconnect(connection, {
        ...{ serialNumber, signal, timeouts: settings.timeouts, onMessage: settings.onMessage },
        timeoutMs: settings.returnTimeoutMs ?? RETURN_TIMEOUT_MS,
      });
    }
  }
}

async function flash(
  run: FlashRun,
  { partition, file }: Extract<FlashStep, { kind: 'flash' }>,
  { connection, operation }: Work,
): Promise<void> {
  const inspected = run.images.get(file);
  if (inspected === undefined) throw new Error(`${file} is in the plan and was not inspected.`);
  await using image = new OnwardImage(inspected.image);
  await connection.flash({ partition, image }, operation);
}
