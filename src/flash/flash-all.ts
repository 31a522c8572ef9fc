import type { HostContext } from '../pairing/host.js';
import { mapBounded } from '../time/concurrency.js';
import { throwIfAborted } from '../time/deadline.js';
import type { OnProgress } from '../time/progress.js';
import { flashBoard, type FlashOutcome } from './flash-board.js';
import type { FlashRequest } from './prepare-flash.js';
import type { BoardPlace } from '../bootloader/locate-board.js';

export interface FlashAllRequest extends Omit<FlashRequest, 'onProgress' | 'onUnfinished'> {
  /** Makes the listener for each board. */
  readonly progressOf: (place: BoardPlace) => OnProgress;
}

/** How it went with one of several boards. */
export type BoardResult =
  | { readonly kind: 'flashed'; readonly place: BoardPlace; readonly outcome: FlashOutcome }
  | { readonly kind: 'failed'; readonly place: BoardPlace; readonly error: unknown };

/** As many as a USB controller feeds without each getting slower than it would be alone. */
const MAX_PARALLEL = 4;

/** Flashes several boards side by side. The failure of one does not end the others; their order is kept. */
export async function flashAll(
  host: HostContext,
  places: readonly BoardPlace[],
  request: FlashAllRequest,
): Promise<BoardResult[]> {
  return await mapBounded(places, MAX_PARALLEL, async (place): Promise<BoardResult> => {
    try {
      throwIfAborted(request.signal);
      const onProgress = request.progressOf(place);
      return { kind: 'flashed', place, outcome: await flashBoard(host, place, { ...request, onProgress }) };
    } catch (error) {
      return { kind: 'failed', place, error };
    }
  });
}
