// npm run check: format, lint, import rules, types and public declarations side by side, then the tests with coverage if all of those hold.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { programOf, root } from './transpile.js';

const only = process.argv[2];

const analyses = {
  format: [programOf('prettier'), '--check', '--log-level', 'warn', '.'],
  lint: [programOf('eslint'), '--max-warnings', '0', '.'],
  imports: [programOf('dependency-cruiser'), 'src'],
  types: [programOf('typescript', 'tsc'), '-p', 'tsconfig.json'],
  declarations: ['scripts/declarations.js'],
};

const statuses = await Promise.all(asked(analyses).map(analyse));
if (statuses.every(status => status === 0)) {
  for (const [name, command] of asked({ coverage: ['scripts/test.js', '--coverage'] })) {
    console.log(`check: ${name}`);
    verdict(name, await ended(spawn(process.execPath, command, { cwd: root, stdio: 'inherit' })));
  }
}

function asked(steps) {
  return Object.entries(steps).filter(([name]) => only === undefined || only === name);
}

/** What it prints is shown when it has ended, since others print at the same time. */
async function analyse([name, command]) {
  const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const [status, out, err] = await Promise.all([ended(child), text(child.stdout), text(child.stderr)]);
  console.log(`check: ${name}`);
  process.stdout.write(out + err);
  return verdict(name, status);
}

function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', status => resolve(status ?? 1));
  });
}

function verdict(name, status) {
  if (status === 0) return 0;
  console.error(`check: ${name} failed`);
  process.exitCode = status;
  return status;
}
