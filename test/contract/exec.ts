import { randomBytes } from 'node:crypto';
import { mdt } from './board-under-test.js';
import type { ContractTest } from './contract.js';

export function execContract(declare: ContractTest): void {
  declare('exec returns the exit code of the command', async (t, board) => {
    t.is((await mdt(board, ['exec', 'true'])).code, 0);
    t.is((await mdt(board, ['exec', 'false'])).code, 1);
    t.is((await mdt(board, ['exec', 'exit', '37'])).code, 37);
  });

  declare('exec returns 128 and the number of the signal that ended the command', async (t, board) => {
    t.is((await mdt(board, ['exec', 'kill -TERM $$'])).code, 143);
  });

  declare('exec keeps standard output and standard error apart', async (t, board) => {
    const result = await mdt(board, ['exec', 'echo out; echo err >&2']);
    t.is(result.stdout.toString(), 'out\n');
    t.is(result.stderr.toString(), 'err\n');
  });

  declare('exec joins its words as Python MDT did, and after -- it keeps them as they are', async (t, board) => {
    const joined = await mdt(board, ['exec', 'echo', 'a   b;', 'echo', 'c']);
    t.is(joined.stdout.toString(), 'a b\nc\n');
    const kept = await mdt(board, ['exec', '--', 'echo', 'a   b;', "it's", '$HOME']);
    t.is(kept.stdout.toString(), "a   b; it's $HOME\n");
  });

  declare('exec passes any byte through, both ways', async (t, board) => {
    const bytes = Buffer.concat([
      Buffer.from(Array.from({ length: 256 }, (_byte, index) => index)),
      randomBytes(300_000),
    ]);
    const result = await mdt(board, ['exec', 'cat'], { input: bytes });
    t.is(result.code, 0, result.stderr.toString());
    t.true(result.stdout.equals(bytes));
  });

  declare('exec ends with 255 where no connection can be made', async (t, board) => {
    const result = await mdt(board, ['-d', '127.0.0.1:1', 'exec', 'true']);
    t.is(result.code, 255);
    t.regex(result.stderr.toString(), /127\.0\.0\.1/);
  });
}
