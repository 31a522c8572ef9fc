import test, { type ExecutionContext } from 'ava';
import { labMissing } from './requirements.js';

const missing = labMissing();

/** A test that needs the lab: one at a time, and skipped by name with the reason where the lab cannot run. */
export function labTest(title: string, implementation: (t: ExecutionContext) => Promise<void>): void {
  if (missing === undefined) {
    test.serial(title, async t => {
      t.timeout(240_000);
      await implementation(t);
    });
  } else {
    test.skip(`${title} (${missing})`, implementation);
  }
}
