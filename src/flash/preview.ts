import { UsageError } from '../errors.js';
import { contactBoard } from '../pairing/contact.js';
import type { HostContext } from '../pairing/host.js';
import { arrive } from '../bootloader/arrive.js';
import type { BoardPlace } from '../bootloader/locate-board.js';
import type { FlashPlan } from './plan.js';
import { planFor, prepareFlash, type FlashRequest } from './prepare-flash.js';
import { readRunningFacts } from './running-facts.js';

/** What would be done to a board. */
export interface FlashPreview extends FlashPlan {
  /** It runs Mendel, and would be restarted into fastboot before the first step. */
  readonly isRestarted: boolean;
}

/**
 * What would be done to a board, which is asked and nothing else: in fastboot, or over SSH while it runs Mendel. It is
 * not restarted, paired or written to.
 * @throws as flashBoard does; UsageError for a board of which nothing but its console is known
 */
export async function previewFlash(host: HostContext, place: BoardPlace, request: FlashRequest): Promise<FlashPreview> {
  switch (place.kind) {
    case 'fastboot':
      return await previewInFastboot(host, { ...place, console: undefined }, request);
    case 'mendel':
      return await previewRunning(host, place, request);
    case 'console':
      throw new UsageError(`Cannot preview: only the serial console ${place.console} is known.`, {
        hint: `A dry run restarts nothing. Let Mendel run, or type \`fastboot 0\` at the prompt of U-Boot (\`mdt console ${place.console}\`), and name the board with -d.`,
      });
  }
}

/** Its console is left alone, too: by that a board is brought into fastboot which is not there. */
async function previewInFastboot(host: HostContext, place: BoardPlace, request: FlashRequest): Promise<FlashPreview> {
  const { timeouts, onMessage } = request;
  const { board, client } = await arrive(host, place, { ...request, connect: { timeouts, onMessage } });
  try {
    const reached = { board, client, place };
    const { plan, record } = await prepareFlash(host, reached, { ...request, onUnfinished: undefined });
    return { ...plan, steps: plan.steps.slice(record.completed), isRestarted: false };
  } finally {
    await client.close();
  }
}

async function previewRunning(
  host: HostContext,
  { name, device }: Extract<BoardPlace, { kind: 'mendel' }>,
  request: FlashRequest,
): Promise<FlashPreview> {
  if (request.resume === true) {
    throw new UsageError(`${name} runs Mendel; what is left of a flash only a board in fastboot tells.`, {
      hint: 'Bring it there with `mdt reboot-bootloader --wait`, or leave --resume out.',
    });
  }
  const { signal, onProgress } = request;
  await using contact = await contactBoard(host, { device, signal, onProgress, pairing: 'never' });
  const { facts, partitionSizes } = await readRunningFacts(contact.session, request);
  return { ...planFor(facts, partitionSizes, request), isRestarted: true };
}
