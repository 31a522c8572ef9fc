import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { startProgram, type MdtProcess } from '../../fixtures/mdt-process.js';
import { Workbench } from './emulated-board.js';

/** Whether this runs in the virtual machine. */
const inLab = process.env['MDT_USB_LAB'] === '1';

/** The command line as it is built, from the folder in which the tests run. */
export const BUILT_MDT = 'bin/mdt.js';

/** Much more than any takes, for machines that have other things to do. */
const TEST_TIMEOUT_MS = 300_000;
const KERNEL_LINES = 60;

/** A test that needs the virtual machine: one at a time, and skipped by name elsewhere. */
export function usbTest(title: string, implementation: (t: ExecutionContext) => Promise<void>): void {
  if (inLab) {
    test.serial(title, async t => {
      t.timeout(TEST_TIMEOUT_MS);
      try {
        await implementation(t);
      } finally {
        if (!t.passed) t.log(kernelLog());
      }
    });
  } else {
    test.skip(`${title} (needs npm run test:usb)`, implementation);
  }
}

/** What the kernel said last, which tells what USB did. */
function kernelLog(): string {
  const { stdout } = spawnSync('/bin/busybox', ['dmesg'], { encoding: 'utf8' });
  return stdout.split('\n').slice(-KERNEL_LINES).join('\n');
}

const bench = inLab ? new Workbench() : undefined;

test.after.always(async () => {
  await bench?.[Symbol.asyncDispose]();
});

/** Where the boards of all tests are plugged in. */
export function workbench(): Workbench {
  if (bench === undefined) throw new Error('There is no workbench outside the virtual machine.');
  return bench;
}

/** Starts the command as it is built; its settings are those of `homeDir`. */
export function startBuilt(t: ExecutionContext, homeDir: string, ...argv: readonly string[]): MdtProcess {
  // Its code is compiled once for all tests, where the cache of the system is, and not below MDT_CONFIG_DIR.
  return startProgram(t, BUILT_MDT, { configDir: homeDir, argv, env: { MDT_CONFIG_DIR: undefined } });
}

/** Where the command that `startBuilt` starts has its settings. */
export function configDirOf(homeDir: string): string {
  return join(homeDir, '.config', 'mdt');
}
