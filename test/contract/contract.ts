import test, { type ExecutionContext } from 'ava';
import type { BoardUnderTest } from './board-under-test.js';
import { execContract } from './exec.js';
import { fileContract } from './files.js';
import { findingContract } from './finding.js';
import { forwardContract } from './forward.js';
import { installContract } from './install.js';
import { pairingContract } from './pairing.js';

/** What not every board allows; a test that needs it is skipped, by name, where it may not be done. */
export type Need = 'a board that may forget its hosts' | 'a board to install on' | 'names that Windows has not';

/** Declares one test of a suite; `check` gets the board that the suite runs on. */
export type ContractTest = (
  title: string,
  check: (t: ContractContext, board: BoardUnderTest) => Promise<void>,
  need?: Need,
) => void;
export type ContractContext = ExecutionContext;

/** Where a contract runs: on what, and how a board is opened, or why there is none. */
export type ContractPlace =
  { readonly missing: string } | { readonly open: () => Promise<BoardUnderTest>; readonly lacks?: readonly Need[] };

/**
 * What mdt promises of every board, as tests of the command line: the same on the virtual board, in the lab and on
 * hardware. They run one after the other on one board; the first one pairs, and the others use that.
 */
export function boardContract(place: ContractPlace): void {
  const declare = 'missing' in place ? skipped(place.missing) : running(place);
  findingContract(declare);
  pairingContract(declare);
  execContract(declare);
  fileContract(declare);
  installContract(declare);
  forwardContract(declare);
}

function skipped(reason: string): ContractTest {
  return title => {
    test.skip(`${title} (${reason})`, t => {
      t.pass();
    });
  };
}

function running(place: Extract<ContractPlace, { open: unknown }>): ContractTest {
  const lacks: Need[] = [...(place.lacks ?? [])];
  if (process.platform === 'win32') lacks.push('names that Windows has not');
  let board: BoardUnderTest | undefined;
  test.before(async () => {
    board = await place.open();
  });
  test.after.always(async () => {
    await board?.[Symbol.asyncDispose]();
  });
  return (title, check, need) => {
    if (need !== undefined && lacks.includes(need)) {
      skipped(`needs ${need}`)(title, check);
      return;
    }
    test.serial(title, async t => {
      t.timeout(240_000);
      if (board === undefined) throw new Error('the board was not opened');
      await check(t, board);
    });
  };
}
