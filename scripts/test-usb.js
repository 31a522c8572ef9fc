// npm run test:usb: transpiles, then boots the virtual machine of test/lab/usb and runs its suites there.
import { spawnSync } from 'node:child_process';
import { root, transpile } from './transpile.js';

await transpile();
const result = spawnSync(process.execPath, ['.build/test/lab/usb/main.js'], { cwd: root, stdio: 'inherit' });
process.exitCode = result.status ?? 1;
