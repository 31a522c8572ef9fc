// `npm run test:usb`: boots a virtual machine that has a USB stack and runs the suites of this folder in it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram } from '../requirements.js';
import { prepareKernel } from './kernel.js';
import { runMachine } from './machine.js';
import { projectParts } from './project-parts.js';

const PROGRAMS = [
  'qemu-system-x86_64',
  'apt-get',
  'apt-cache',
  'dpkg-deb',
  'tar',
  'xz',
  'busybox',
  'fastboot',
] as const;
const TIME_LIMIT_MS = 900_000;

const absent = PROGRAMS.filter(program => !hasProgram(program));
if (process.platform !== 'linux' || process.arch !== 'x64' || absent.length > 0) {
  const needs = absent.length > 0 ? absent.join(', ') : 'Linux on x64';
  process.stdout.write(`  - [skip] the USB lab (needs ${needs})\n`);
} else {
  const root = process.cwd();
  const cacheDir = join(root, 'node_modules', '.cache', 'mdt-usb-lab');
  mkdirSync(cacheDir, { recursive: true });
  const project = { folder: root, parts: projectParts(root) };
  const kernel = prepareKernel(cacheDir, join(root, 'test', 'lab', 'usb', 'init.sh'), project);
  const program = join(root, '.build', 'test', 'lab', 'usb', 'guest.js');
  process.exitCode = await runMachine({ kernel, program, project: root, timeoutMs: TIME_LIMIT_MS });
}
