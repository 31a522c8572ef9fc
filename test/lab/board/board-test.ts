import test, { type ExecutionContext } from 'ava';
import { DeskUser } from '../desk-user.js';
import { boardLabMissing } from './board-image.js';
import { BoardLab, type BoardLabOptions } from './board-lab.js';

/** Much more than any takes: the board is emulated, on a machine that has other things to do. */
const TEST_TIMEOUT_MS = 600_000;
const missing = boardLabMissing();

export interface BoardDesk {
  readonly lab: BoardLab;
  readonly user: DeskUser;
}

/** A test with an emulated board of its own that nobody has paired yet: one at a time, skipped by name elsewhere. */
export function boardTest(
  title: string,
  implementation: (t: ExecutionContext, desk: BoardDesk) => Promise<void>,
  options: BoardLabOptions = {},
): void {
  if (missing !== undefined) {
    test.skip(`${title} (${missing})`, t => {
      t.pass();
    });
    return;
  }
  test.serial(title, async t => {
    t.timeout(TEST_TIMEOUT_MS);
    await using lab = await BoardLab.start(options);
    await implementation(t, { lab, user: await DeskUser.of(t, lab) });
  });
}
