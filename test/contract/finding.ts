import { searchAgain } from '../fixtures/search-again.js';
import type { ProgramResult } from '../lab/program.js';
import { mdt, type BoardUnderTest } from './board-under-test.js';
import type { ContractTest } from './contract.js';

export function findingContract(declare: ContractTest): void {
  declare('devices prints a line for the board, as Python MDT did', async (t, board) => {
    const result = await listed(board, ['devices']);
    t.is(result.code, 0, result.stderr.toString());
    const lines = result.stdout.toString().split('\n');
    t.true(
      lines.some(line => /^[^\t]*\t\t\([^)]+\)$/.test(line) && line.includes(board.device)),
      result.stdout.toString(),
    );
  });

  declare('devices --json prints one document', async (t, board) => {
    const result = await listed(board, ['devices', '--json']);
    t.is(result.code, 0, result.stderr.toString());
    t.true(JSON.stringify(JSON.parse(result.stdout.toString())).includes(board.device));
  });

  declare('wait-for-device ends when the board is there', async (t, board) => {
    const result = await mdt(board, ['wait-for-device', board.device, '--timeout', '20']);
    t.is(result.code, 0, result.stderr.toString());
  });

  declare('wait-for-device gives up after its timeout', async (t, board) => {
    const result = await mdt(board, ['wait-for-device', 'no-such-board', '--timeout', '0.5']);
    t.is(result.code, 8, result.stderr.toString());
  });

  declare('a board that is not there is not found', async (t, board) => {
    const result = await mdt(board, ['-d', 'no-such-board', 'push', '.', '/tmp']);
    t.is(result.code, 3, result.stderr.toString());
    t.regex(result.stderr.toString(), /no-such-board/);
  });
}

/** Beside other boards that answer sooner it may be missed on a busy host, and is found by the next search. */
function listed(board: BoardUnderTest, words: readonly string[]): Promise<ProgramResult> {
  return searchAgain(
    () => mdt(board, words),
    ({ stdout }) => stdout.includes(board.device),
  );
}
