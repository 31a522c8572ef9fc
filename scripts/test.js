// npm test [-- FILE…]: transpiles and runs AVA. --lab adds the suites that need root and real servers; --coverage measures.
import { spawnSync } from 'node:child_process';
import { programOf, root, transpile } from './transpile.js';

const args = process.argv.slice(2);
const flags = new Set(args.filter(arg => arg === '--lab' || arg === '--coverage'));
const files = args
  .filter(arg => !flags.has(arg))
  .map(arg => (arg.endsWith('.ts') ? `.build/${arg.slice(0, -3)}.js` : arg));

await transpile();
const command = [...(flags.has('--coverage') ? [programOf('c8')] : []), programOf('ava'), ...files];
const result = spawnSync(process.execPath, command, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...(flags.has('--lab') ? { MDT_LAB: '1' } : {}) },
});
process.exitCode = result.status ?? 1;
