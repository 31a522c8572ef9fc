import test, { type ExecutionContext } from 'ava';

/** Whether this runs in the virtual machine. */
export const inLab = process.env['MDT_USB_LAB'] === '1';

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
