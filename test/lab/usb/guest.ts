// Runs in the virtual machine: the suites of this folder, by AVA.
import { spawnSync } from 'node:child_process';
import { chdir } from 'node:process';
import { fileURLToPath } from 'node:url';

// …/.build/test/lab/usb/guest.js
const root = fileURLToPath(new URL('../../../../', import.meta.url));
chdir(root);
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/ava/entrypoints/cli.mjs',
    '.build/test/lab/usb/usb.test.js',
    '--timeout=300s',
    '--serial',
    '--concurrency=1',
  ],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
