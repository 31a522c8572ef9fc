import type { ExecutionContext } from 'ava';
import { pause } from '../../src/time/deadline.js';
import type { RunningFileBoard } from './boards.js';
import { boardNames } from './trees.js';

/** Waits until nothing but what `isExpected` accepts is on the board: it tidies up on its own after a transfer ended early. */
export async function settled(
  t: ExecutionContext,
  board: RunningFileBoard,
  isExpected: (name: string) => boolean,
): Promise<string[]> {
  const session = await board.open();
  const deadline = performance.now() + 60_000;
  for (;;) {
    const names = await boardNames(session, board.folder);
    if (names.every(isExpected)) return names;
    if (performance.now() > deadline) {
      t.fail(`left on the board: ${names.join(', ')}`);
      return names;
    }
    await pause(50);
  }
}
