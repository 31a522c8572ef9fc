import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { runProgram } from '../lab/program.js';
import { spawnMdt } from './board-under-test.js';
import type { ContractTest } from './contract.js';

/** Connects to a port of the desk and prints the first line that comes. */
const READ_BANNER = `
const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1');
socket.once('data', data => { console.log(String(data).split('\\r\\n')[0]); process.exit(0); });
`;

export function forwardContract(declare: ContractTest): void {
  declare('forward carries a connection to a port of the board', async (t, board) => {
    const child = spawnMdt(board, ['forward', `0:${String(board.sshPort)}`]);
    const closed = once(child, 'close');
    child.stderr.resume();
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const [, port = ''] = /^localhost:(\d+) ->/.exec(String((await lines.next()).value)) ?? [];
      const argv = board.atDesk([process.execPath, '-e', READ_BANNER, port]);
      const { stdout } = await runProgram(argv, { timeoutMs: 60_000 });
      t.regex(stdout.toString(), /^SSH-2\.0-/);
    } finally {
      child.kill('SIGINT');
      await closed;
    }
  });
}
