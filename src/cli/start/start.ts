// The start of the command. It loads next to nothing, so that `mdt version` costs little more than node does.
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type * as main from '../main.js';
import { VERSION_LINE } from '../version-line.js';

/** Runs the command line of this process, and ends the process. */
export async function start(): Promise<void> {
  const [verb, ...rest] = process.argv.slice(2);
  if (rest.length > 0 || (verb !== 'version' && verb !== '--version')) {
    await startMain();
    return;
  }
  // Where it cannot be written, the long way tells why.
  process.stdout.once('error', () => void startMain());
  process.stdout.write(`${VERSION_LINE}\n`);
}

/**
 * How much bytecode a function runs before V8 optimises it, in bytes; V8's own 132 KiB suit programs that run for long.
 * A command that sends 2000 files is done before that pays: it takes a quarter less time so. The V8 of Node 20 alone has
 * this flag; later ones optimise in smaller steps.
 */
const INTERRUPT_BUDGET_BYTES = 500_000;

async function startMain(): Promise<void> {
  if (process.versions.v8.startsWith('11.')) {
    setFlagsFromString(`--interrupt-budget=${String(INTERRUPT_BUDGET_BYTES)}`);
  }
  const [{ CodeCache }, { readEnvironment }] = await Promise.all([
    import('./code-cache.js'),
    import('../../config/environment.js'),
  ]);
  const cache = new CodeCache(readEnvironment().codeCacheDir);
  const { main: run } = cache.load(join(import.meta.dirname, MDT_MAIN)) as typeof main;
  await run(() => {
    cache.save();
  });
}
