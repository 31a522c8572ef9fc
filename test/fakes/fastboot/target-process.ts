// A virtual board in fastboot as a process of its own, for benchmarks: `node target-process.js FOLDER` prints its ports
// as JSON and runs until its input ends.
import { once } from 'node:events';
import { join } from 'node:path';
import { startVirtualBoard } from '../../../src/virtual-board/virtual-board.js';

const [folder = '.'] = process.argv.slice(2);
await using board = await startVirtualBoard({
  announce: false,
  rootDir: join(folder, 'board'),
  bootloader: { system: 'none' },
});
process.stdout.write(`${JSON.stringify({ tcp: board.fastbootPort, udp: board.fastbootUdpPort })}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
