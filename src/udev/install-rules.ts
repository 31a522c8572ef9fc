import { execFile } from 'node:child_process';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeDirectories } from '../host/make-directories.js';
import { FileError, PermissionError } from '../errors.js';
import { readRules, RULES_NAME } from './rules-file.js';

/** Where the udev rules go. */
export interface InstallRulesOptions {
  /** Default `/etc/udev/rules.d`. */
  readonly folder?: string | undefined;
  /** Runs a program; rejects with code ENOENT where there is none. */
  readonly run?: ((program: string, words: readonly string[]) => Promise<unknown>) | undefined;
}

/** Where the udev rules are now. */
export interface InstalledRules {
  readonly path: string;
  /** Whether udev has applied them to what is plugged in; without udevadm, as in a container, it takes a restart. */
  readonly applied: boolean;
}

/** As udevadm(8) asks for after a change: read the rules anew, then act as if everything were plugged in again. */
const UDEVADM: readonly (readonly string[])[] = [
  ['control', '--reload'],
  ['trigger', '--subsystem-match=usb', '--subsystem-match=tty'],
];

/** Writes the rules to their place, whole or not at all, and makes udev apply them. @throws PermissionError, FileError */
export async function installRules(options: InstallRulesOptions = {}): Promise<InstalledRules> {
  const { folder = '/etc/udev/rules.d', run = promisify(execFile) } = options;
  const path = join(folder, RULES_NAME);
  const partial = `${path}.${String(process.pid)}.partial`;
  try {
    makeDirectories(folder, 0o755);
    await writeFile(partial, await readRules(), { mode: 0o644 });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
  try {
    for (const words of UDEVADM) await run('udevadm', words);
    return { path, applied: true };
  } catch {
    return { path, applied: false };
  }
}

function writeError(path: string, cause: unknown): PermissionError | FileError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') {
    return new PermissionError(`${path} may only be written by root.`, { hint: 'Run `sudo mdt udev install`.', cause });
  }
  return new FileError(`${path} cannot be written (${code}).`, {
    hint: 'Save what `mdt udev print` prints where your system keeps its udev rules.',
    cause,
  });
}
