// npm run bench [-- NAME…]: builds the command and measures it beside its peers; see test/bench/main.ts for the names.
import { spawnSync } from 'node:child_process';
import { root, transpile } from './transpile.js';

await import('./build.js');
await transpile();
const { status } = spawnSync(process.execPath, ['.build/test/bench/main.js', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, MDT_LAB: '1' },
});
process.exitCode = status ?? 1;
