import { BoardRefusedError, UsageError } from '../errors.js';
import type { SshSession } from '../ssh/session.js';
import { isPackageName } from './deb.js';
import { askInstaller } from './installer.js';
import { runPackageProgram, type PackageOperation } from './package-run.js';
import { askPackages, type PackageState } from './package-state.js';

/**
 * Removes packages by name. @throws UsageError if a name cannot be one of a package, BoardRefusedError if one is not
 * installed or still is afterwards, TimeoutError if another program keeps the lock of the board's packages
 */
export async function uninstallPackages(
  session: SshSession,
  names: readonly string[],
  operation: PackageOperation = {},
): Promise<void> {
  checkNames(names);
  const { signal } = operation;
  const installer = await askInstaller(session, signal);
  const absent = (await statesOf(session, names, signal)).find(({ status }) => status === 'absent');
  if (absent !== undefined) {
    throw new BoardRefusedError(`The board has no package ${absent.packageName}. Nothing was changed.`, {
      facts: { packageName: absent.packageName },
      hint: 'List what is installed with `mdt exec dpkg -l`.',
    });
  }
  const list = names.join(', ');
  const program = {
    words: installer.removeCommand(names),
    task: 'uninstall',
    doing: `removing ${list}`,
    failed: `The board did not remove ${list}`,
  } as const;
  await runPackageProgram(session, program, operation);
  const left = (await statesOf(session, names, signal)).find(({ status }) => status !== 'absent');
  if (left === undefined) return;
  throw new BoardRefusedError(`The board did not remove ${left.packageName}: it is still installed.`, {
    facts: { packageName: left.packageName },
    hint: 'Run it again with --verbose to see everything that the board says.',
  });
}

function checkNames(names: readonly string[]): void {
  if (names.length === 0) throw new UsageError('No packages to remove.', { hint: 'Give the names of packages.' });
  const wrong = names.find(name => !isPackageName(name));
  if (wrong === undefined) return;
  throw new UsageError(`${JSON.stringify(wrong)} cannot be the name of a package.`, {
    hint: 'Names are lower-case letters, digits, and any of + - . after the first; not the name of a file.',
  });
}

function statesOf(
  session: SshSession,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<PackageState[]> {
  const packages = names.map(packageName => ({ packageName, version: '0' }));
  return askPackages(session, packages, signal);
}
