// npm run bench [-- NAME…]: builds the command and measures it beside its peers; see test/bench/main.ts for the names.
import { spawnSync } from 'node:child_process';
import { root, transpile } from './transpile.js';

await import('./build.js');
await transpile();
const { status } = spawnSync(process.execPath, ['.build/test/bench/main.js', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  // Node reads such certificates at every start, which takes longer than the start itself; nothing measured here uses them.
  env: { ...process.env, MDT_LAB: '1', NODE_EXTRA_CA_CERTS: undefined },
});
process.exitCode = status ?? 1;
