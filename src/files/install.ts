import { safeText } from '../device/board-text.js';
import { BoardRefusedError, UsageError } from '../errors.js';
import type { SshSession } from '../ssh/session.js';
import { mapBounded } from '../time/concurrency.js';
import { throwIfAborted } from '../time/deadline.js';
import { runScript } from '../remote/run-script.js';
import { checkPackages, notKept, type CheckedPackage } from './check-packages.js';
import { readDebHead, type DebControl } from './deb.js';
import { askInstaller, type BoardInstaller } from './installer.js';
import { runPackageProgram, type PackageOperation } from './package-run.js';
import { askPackages } from './package-state.js';
import { push } from './push.js';

export type { CheckedPackage } from './check-packages.js';

const TASK = 'install';
const READ_AT_ONCE = 4;
const TIDY_TIMEOUT_MS = 10_000;

/** What was installed. */
export interface InstallResult {
  /** In the order in which they were installed: what others of them depend on first. */
  readonly packages: readonly CheckedPackage[];
  readonly installer: BoardInstaller['kind'];
}

/** A package of which the board has a later version than the file. */
export interface Downgrade {
  readonly packageName: string;
  readonly installedVersion: string;
  readonly version: string;
}

/** How packages are installed. */
export interface InstallOptions extends PackageOperation {
  /** Whether a version may take the place of a later one; a function is asked. Default: no. */
  readonly allowDowngrade?: boolean | ((downgrades: readonly Downgrade[]) => Promise<boolean>) | undefined;
}

const MAKE_FOLDER = 'LC_ALL=C; export LC_ALL; exec mktemp -d /tmp/mdt-install.XXXXXXXXXX';

/**
 * Installs package files, exactly these versions. All of them are read and checked before the first is sent: a file that
 * is no package, is for another architecture, or is older than what is installed, is refused. They are uploaded to a
 * folder of their own under /tmp, which always goes again; afterwards dpkg is asked for the versions. What the board says
 * while it installs is reported as messages.
 *
 * @throws FileError if a file is no package, BoardRefusedError if the board cannot or does not install one (its last
 *   lines are in `facts.output`), TimeoutError if another program keeps the lock of its packages, and what `push` throws.
 */
export async function installPackages(
  session: SshSession,
  debFiles: readonly string[],
  options: InstallOptions = {},
): Promise<InstallResult> {
  if (debFiles.length === 0) throw new UsageError('No packages to install.', { hint: 'Give one or more .deb files.' });
  const { signal, onProgress } = options;
  const [heads, installer] = await Promise.all([
    mapBounded(debFiles, READ_AT_ONCE, readDebHead),
    askInstaller(session, signal),
  ]);
  const packages = inDependencyOrder(await checkPackages(session, heads, { installer, signal }));
  const allowDowngrade = await checkDowngrades(session, packages, options);
  throwIfAborted(signal);
  const steps = { task: TASK, unit: 'steps', total: packages.length } as const;
  onProgress?.({ kind: 'started', ...steps });
  try {
    await sendAndInstall(session, { packages, installer, allowDowngrade }, options);
    await checkInstalled(session, packages, signal);
  } catch (error) {
    onProgress?.({ kind: 'failed', task: TASK, error });
    throw error;
  }
  onProgress?.({ kind: 'finished', task: TASK, unit: 'steps', done: packages.length });
  return { packages, installer: installer.kind };
}

/** Returns whether there is a downgrade, all of which are allowed. @throws BoardRefusedError if one is not */
async function checkDowngrades(
  session: SshSession,
  packages: readonly CheckedPackage[],
  { allowDowngrade = false, signal }: InstallOptions,
): Promise<boolean> {
  const states = await askPackages(session, packages, signal);
  const downgrades = packages.flatMap(({ packageName, version }, index): Downgrade[] => {
    const state = states[index];
    if (state?.order !== 'later') return [];
    return [{ packageName, version, installedVersion: state.version }];
  });
  const [first] = downgrades;
  if (first === undefined) return false;
  if (typeof allowDowngrade === 'function' ? await allowDowngrade(downgrades) : allowDowngrade) return true;
  const { packageName, version, installedVersion } = first;
  throw new BoardRefusedError(
    `The board has ${packageName} ${safeText(installedVersion)}, which is later than ${version}. Nothing was changed.`,
    { facts: { downgrades }, hint: 'Put the earlier version in its place with --allow-downgrade.' },
  );
}

/** @throws BoardRefusedError unless dpkg has exactly these versions */
async function checkInstalled(
  session: SshSession,
  packages: readonly CheckedPackage[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const states = await askPackages(session, packages, signal);
  for (const [index, { packageName, version }] of packages.entries()) {
    const state = states[index];
    if (state === undefined || (state.status === 'installed' && state.order === 'same')) continue;
    const found = state.status === 'absent' ? 'nothing of it' : `${packageName} ${safeText(state.version)}`;
    const how = state.status === 'incomplete' ? ', which is not configured' : '';
    throw new BoardRefusedError(`The board did not install ${packageName} ${version}: it has ${found}${how}.`, {
      facts: { packageName, version, state },
      hint: `Look at it with \`mdt exec apt-cache policy ${packageName}\`.`,
    });
  }
}

interface Job {
  readonly packages: readonly CheckedPackage[];
  readonly installer: BoardInstaller;
  readonly allowDowngrade: boolean;
}

async function sendAndInstall(session: SshSession, job: Job, operation: PackageOperation): Promise<void> {
  const { packages, installer, allowDowngrade } = job;
  const made = await runScript(session, { script: MAKE_FOLDER, args: [] }, { signal: operation.signal });
  const folder = /^\/tmp\/mdt-install\.\w+$/m.exec(made.stdout.toString('latin1'))?.[0];
  if (made.code !== 0 || folder === undefined) throw notKept(made.said, made.code);
  try {
    const files: string[] = [];
    for (const each of packages) {
      const destination = `${folder}/${fileName(each)}`;
      await push(session, { sources: [each.path], destination }, operation);
      files.push(destination);
    }
    const names = packages.map(each => `${each.packageName} ${each.version}`).join(', ');
    const program = {
      words: installer.installCommand(files, { allowDowngrade }),
      task: TASK,
      doing: `installing ${names}`,
      failed: `The board did not install ${names}`,
    } as const;
    await runPackageProgram(session, program, operation);
  } finally {
    // Without the caller's signal: the folder goes also after an interruption. If the connection is gone, so is the way.
    await runScript(session, { script: 'rm -rf -- "$1"', args: [folder] }, { timeoutMs: TIDY_TIMEOUT_MS }).catch(
      () => undefined,
    );
  }
}

/** As `dpkg-deb` would name it, so that no file name from this host ever gets into a command of the board. */
function fileName({ packageName, version, architecture }: DebControl): string {
  return `${packageName}_${version.replaceAll(':', '%3a')}_${architecture}.deb`;
}

/** What others depend on comes first; otherwise the order stays as it was given. */
export function inDependencyOrder<Package extends DebControl>(packages: readonly Package[]): Package[] {
  const ordered: Package[] = [];
  const visiting = new Set<Package>();
  const visit = (each: Package): void => {
    if (visiting.has(each)) return;
    visiting.add(each);
    const needed = each.dependencies.flatMap(text =>
      text.split('|').map(name => /^[a-z0-9+.-]+/.exec(name.trim())?.[0]),
    );
    for (const other of packages) if (needed.includes(other.packageName)) visit(other);
    ordered.push(each);
  };
  for (const each of packages) visit(each);
  return ordered;
}
