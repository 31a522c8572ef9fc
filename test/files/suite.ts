import anyTest, { type ExecutionContext } from 'ava';
import type { SshSession } from '../../src/ssh/session.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { boards, type FileBoard, type RunningFileBoard } from './boards.js';

export interface SuiteContext {
  readonly t: ExecutionContext;
  readonly kind: FileBoard;
  readonly board: RunningFileBoard;
  readonly session: SshSession;
  /** An empty folder of this host. */
  readonly here: string;
  /** An empty folder on the board. */
  readonly there: string;
}

export type Check = (context: SuiteContext) => Promise<void>;

/** What a board must be for a test; on others the test is skipped, by name. */
export type Need = 'symlinks' | 'any name' | 'exact times' | 'faults';

/** Declares a test once for every board. */
export function onEveryBoard(title: string, check: Check, ...needs: readonly Need[]): void {
  for (const kind of boards) {
    const name = `${kind.name}: ${title}`;
    const lack = kind.missing ?? needs.map(need => lackOf(kind, need)).find(found => found !== undefined);
    if (lack !== undefined) {
      anyTest.skip(`${name} (skipped: ${lack})`, () => undefined);
      continue;
    }
    // One after the other: each has servers of its own, and some watch the clock.
    anyTest.serial(name, async t => {
      t.timeout(180_000);
      const board = await kind.start(t);
      const session = await board.open();
      await check({ t, kind, board, session, here: await tempDir(t), there: board.folder });
    });
  }
}

function lackOf(kind: FileBoard, need: Need): string | undefined {
  switch (need) {
    case 'symlinks':
      return process.platform === 'win32' ? 'Windows lets only some users make symlinks' : undefined;
    case 'any name':
      return kind.keepsAnyName ? undefined : 'it keeps only names that are UTF-8';
    case 'exact times':
      return kind.name === 'OpenSSH' ? undefined : 'it keeps times to the second';
    case 'faults':
      return kind.name.startsWith('the virtual board') ? undefined : 'it shows no faults on request';
  }
}
