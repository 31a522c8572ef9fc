import test, { type ExecutionContext } from 'ava';
import { Workbench } from './emulated-board.js';

/** Whether this runs in the virtual machine. */
export const inLab = process.env['MDT_USB_LAB'] === '1';

/** The command line as it is built, from the folder in which the tests run. */
export const BUILT_MDT = 'bin/mdt.js';

/** A test that needs the virtual machine: one at a time, and skipped by name elsewhere. */
export function usbTest(title: string, implementation: (t: ExecutionContext) => Promise<void>): void {
  if (inLab) {
    test.serial(title, async t => {
      t.timeout(120_000);
      await implementation(t);
    });
  } else {
    test.skip(`${title} (needs npm run test:usb)`, implementation);
  }
}

/** The boards of this file's tests; they are taken away when its tests are done. */
export function labWorkbench(): () => Workbench {
  const bench = inLab ? new Workbench() : undefined;
  test.after.always(async () => {
    await bench?.[Symbol.asyncDispose]();
  });
  return () => {
    if (bench === undefined) throw new Error('There is no workbench outside the virtual machine.');
    return bench;
  };
}
