// npm run check: format, lint, import rules, types, tests with coverage, build. Stops at the first that fails.
import { spawnSync } from 'node:child_process';
import { programOf, root } from './transpile.js';

const only = process.argv[2];

const steps = {
  format: [programOf('prettier'), '--check', '--log-level', 'warn', '.'],
  lint: [programOf('eslint'), '--max-warnings', '0', '.'],
  imports: [programOf('dependency-cruiser'), 'src'],
  types: [programOf('typescript', 'tsc'), '-p', 'tsconfig.json'],
  coverage: ['scripts/test.js', '--coverage'],
};

for (const [name, command] of Object.entries(steps)) {
  if (only !== undefined && only !== name) continue;
  console.log(`check: ${name}`);
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`check: ${name} failed`);
    process.exitCode = status ?? 1;
    break;
  }
}
