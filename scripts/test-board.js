// npm run test:board [-- FILE…]: transpiles, then runs the suites of test/lab/board, each test on an emulated arm64 board. The
// first run builds the image of the board, which takes minutes; the cache folder keeps it.
import { spawnSync } from 'node:child_process';
import { programOf, root, transpile } from './transpile.js';

const files = process.argv.slice(2).map(file => `.build/${file.replace(/\.ts$/, '.js')}`);
await transpile();
const command = [
  programOf('ava'),
  '--concurrency',
  '1',
  ...(files.length > 0 ? files : ['.build/test/lab/board/*.test.js']),
];
const env = { ...process.env, MDT_BOARD_LAB: '1' };
const result = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit', env });
process.exitCode = result.status ?? 1;
