import { once } from 'node:events';
import { createServer } from 'node:net';
import { runProgram } from '../lab/program.js';
import { spawnMdt } from './board-under-test.js';
import type { ContractTest } from './contract.js';

/** Connects to a port of this host until somebody answers, and prints the first line that comes. */
const READ_BANNER = `
const connect = () => {
  const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1');
  socket.once('data', data => { console.log(String(data).split('\\r\\n')[0]); process.exit(0); });
  socket.once('error', () => setTimeout(connect, 20));
};
connect();
`;

export function forwardContract(declare: ContractTest): void {
  declare('forward carries a connection to a port of the board', async (t, board) => {
    const port = await freePort();
    const child = spawnMdt(board, ['forward', `${String(port)}:${String(board.sshPort)}`]);
    const closed = once(child, 'close');
    child.stdout.resume();
    child.stderr.resume();
    try {
      const argv = board.atDesk([process.execPath, '-e', READ_BANNER, String(port)]);
      const { stdout } = await runProgram(argv, { timeoutMs: 20_000 });
      t.regex(stdout.toString(), /^SSH-2\.0-/);
    } finally {
      child.kill('SIGINT');
      await closed;
    }
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
