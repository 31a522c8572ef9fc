import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mdt } from './board-under-test.js';
import type { ContractTest } from './contract.js';

export function pairingContract(declare: ContractTest): void {
  declare('pair makes the board trust this host, and is content when it does already', async (t, board) => {
    const first = await mdt(board, ['pair']);
    t.is(first.code, 0, first.stderr.toString());
    const again = await mdt(board, ['pair']);
    t.is(again.code, 0, again.stderr.toString());
    const key = await stat(join(board.configDir, 'keys', 'mdt.key'));
    if (process.platform !== 'win32') t.is(key.mode & 0o777, 0o600);
  });

  declare(
    'unpair takes this host off the board, and it can be paired again',
    async (t, board) => {
      const unpaired = await mdt(board, ['unpair']);
      t.is(unpaired.code, 0, unpaired.stderr.toString());
      const paired = await mdt(board, ['pair']);
      t.is(paired.code, 0, paired.stderr.toString());
    },
    'a board that may forget its hosts',
  );

  declare(
    'the first command on a new board pairs by itself',
    async (t, board) => {
      const unpaired = await mdt(board, ['unpair']);
      t.is(unpaired.code, 0, unpaired.stderr.toString());
      await board.forgetHosts?.();
      const result = await mdt(board, ['exec', 'echo', 'ready']);
      t.is(result.code, 0, result.stderr.toString());
      t.is(result.stdout.toString(), 'ready\n');
    },
    'a board that may forget its hosts',
  );
}
