import { BoardRefusedError } from '../errors.js';
import { reconnect, type ReadyBoard } from '../bootloader/wait-for-fastboot.js';
import type { FastbootClient } from '../fastboot/client.js';
import { FastbootFailError } from '../fastboot/fail-error.js';
import { TABLE_PARTITIONS } from './check-plan.js';
import type { FlashRun, Work } from './flash-run.js';

const RETURN_TIMEOUT_MS = 60_000;

/**
 * Restarts a board into its bootloader and connects again.
 *
 * U-Boot notes in the partition `misc` that it is to come back into fastboot. A blank eMMC has none, so that it refuses.
 * A console does the same without a note: Ctrl-C, `reset`, and `fastboot 0`. Where none is known, the restart before the
 * partition table is left out: it only serves to have the table written by the new bootloader, and the one that runs,
 * from an SD card or over USB, has just written as well. The restart behind the table is not: U-Boot may know nothing of
 * the new partitions before it. With the table there is a `misc`, so that this one is refused only by a U-Boot that does
 * not read the new table; then a person has to restart the board, and `--resume` goes on.
 */
export async function restartIntoFastboot(run: FlashRun, work: Work): Promise<ReadyBoard> {
  const { serialNumber, settings, console } = run;
  const { ready, operation, left } = work;
  const { signal } = operation;
  try {
    await ready.client.rebootBootloader(signal);
  } catch (error) {
    if (!(error instanceof FastbootFailError) || (await hasMisc(ready.client, signal))) throw error;
    if (console === undefined) {
      if (!left.some(step => step.kind === 'flash' && TABLE_PARTITIONS.includes(step.partition))) throw stuck(error);
      const text = 'The eMMC is blank, so that the board cannot restart into fastboot; going on without.';
      operation.onProgress?.({ kind: 'message', task: 'flash', text });
      return ready;
    }
    await restartByConsole(console, work);
  }
  return await reconnect(ready, {
    ...{ serialNumber, signal, timeouts: settings.timeouts, onMessage: settings.onMessage },
    timeoutMs: settings.returnTimeoutMs ?? RETURN_TIMEOUT_MS,
  });
}

async function hasMisc(connection: FastbootClient, signal: AbortSignal | undefined): Promise<boolean> {
  return (await connection.findVariable('partition-size:misc', signal)) !== undefined;
}

async function restartByConsole(console: string, { operation }: Work): Promise<void> {
  const { openConsole } = await import('../console/open-console.js');
  const { restartFastboot } = await import('../console/enter-fastboot.js');
  const { signal, onProgress } = operation;
  onProgress?.({ kind: 'message', task: 'flash', text: 'Restarting the board by its console.' });
  await using port = await openConsole(console, { signal });
  await restartFastboot(port, { signal, onProgress });
}

function stuck(cause: FastbootFailError): BoardRefusedError {
  return new BoardRefusedError('The board has no partition misc, without which it cannot restart into fastboot.', {
    hint: 'Give its serial console with --console PORT, or restart it by hand: its power, then `fastboot 0` at the prompt of U-Boot.',
    cause,
  });
}
