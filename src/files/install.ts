import { BoardRefusedError, UsageError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { SshSession } from '../ssh/session.js';
import { mapBounded } from '../time/concurrency.js';
import { throwIfAborted } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import { runScript } from '../remote/run-script.js';
import { isPackageName, parseControl, readDebHead, type DebControl, type DebHead } from './deb.js';
import { askInstaller, type BoardInstaller } from './installer.js';
import { push } from './push.js';
import { runStreaming, type StreamingResult } from '../remote/run-streaming.js';

const TASK = 'install';
const READ_AT_ONCE = 4;
/** Configuring a package may take long without a word; dependencies are fetched from the internet. */
const SILENCE_TIMEOUT_MS = 15 * 60_000;
const TIDY_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 60_000;

/** A package file that was read and suits the board. */
export interface CheckedPackage extends DebControl {
  /** The file on this host. */
  readonly path: string;
}

/** What was installed. */
export interface InstallResult {
  /** In the order in which they were installed: what others of them depend on first. */
  readonly packages: readonly CheckedPackage[];
  readonly installer: BoardInstaller['kind'];
}

const READ_CONTROL = String.raw`
file=$(mktemp "/tmp/mdt-control.XXXXXXXXXX") || exit
trap 'rm -f -- "$file"' EXIT
trap 'exit 40' HUP INT TERM PIPE
cat > "$file" && dpkg-deb --field "$file"
`;
const MAKE_FOLDER = 'exec mktemp -d /tmp/mdt-install.XXXXXXXXXX';

/**
 * Installs package files. All of them are read and checked before the first is sent: a file that is no package, or is
 * for another architecture, is refused. They are uploaded to a folder of their own under /tmp, which always goes again.
 * What the board says while it installs is told as messages.
 *
 * @throws FileError if a file is no package, BoardRefusedError if the board cannot or does not install one (its last
 *   lines are in `facts.output`), and what `push` throws.
 */
export async function installPackages(
  session: SshSession,
  debFiles: readonly string[],
  operation: LongOperation = {},
): Promise<InstallResult> {
  if (debFiles.length === 0) throw new UsageError('No packages to install.', { hint: 'Give one or more .deb files.' });
  const [heads, installer] = await Promise.all([
    mapBounded(debFiles, READ_AT_ONCE, readDebHead),
    askInstaller(session, operation.signal),
  ]);
  const packages: CheckedPackage[] = [];
  for (const head of heads) packages.push(await check(session, head, { installer, signal: operation.signal }));
  throwIfAborted(operation.signal);
  const ordered = inDependencyOrder(packages);
  const steps = { task: TASK, unit: 'steps', total: ordered.length } as const;
  operation.onProgress?.({ kind: 'started', ...steps });
  try {
    await sendAndInstall(session, { packages: ordered, installer }, operation);
  } catch (error) {
    operation.onProgress?.({ kind: 'failed', task: TASK, error });
    throw error;
  }
  operation.onProgress?.({ kind: 'finished', task: TASK, unit: 'steps', done: ordered.length });
  return { packages: ordered, installer: installer.kind };
}

interface Checking {
  readonly installer: BoardInstaller;
  readonly signal: AbortSignal | undefined;
}

/** Reads what this host cannot unpack on the board; refuses what the board cannot run. */
async function check(session: SshSession, head: DebHead, { installer, signal }: Checking): Promise<CheckedPackage> {
  const { path } = head;
  const control = head.control.kind === 'read' ? head.control.control : await controlByBoard(session, head, signal);
  const { architecture, packageName } = control;
  if (architecture !== 'all' && !installer.architectures.includes(architecture)) {
    throw new BoardRefusedError(
      `${packageName} is built for ${architecture}, and the board is ${installer.architectures[0] ?? 'another'}.`,
      {
        facts: { path, packageName, architecture, boardArchitectures: installer.architectures },
        hint: 'Get the package for the architecture of the board.',
      },
    );
  }
  return { ...control, path };
}

async function controlByBoard(
  session: SshSession,
  head: DebHead,
  signal: AbortSignal | undefined,
): Promise<DebControl> {
  if (head.control.kind === 'read') return head.control.control;
  const { code, stdout, said } = await runScript(
    session,
    { script: READ_CONTROL, args: [] },
    {
      input: head.control.head,
      operation: 'reading what a package says of itself',
      timeoutMs: READ_TIMEOUT_MS,
      signal,
    },
  );
  if (code === 0) return parseControl(stdout.toString('utf8'), head.path);
  const last = safeText(said.trim().split('\n').at(-1) ?? '').replace(/\.$/, '');
  const isUnknown = said.includes('unknown compression');
  throw new BoardRefusedError(`The board cannot read ${safeText(head.path)}: ${last}.`, {
    facts: { path: head.path, compression: head.control.compression },
    hint: isUnknown ? 'Build the package with `dpkg-deb -Zgzip`.' : 'Check that the file is complete and undamaged.',
  });
}

interface Job {
  readonly packages: readonly CheckedPackage[];
  readonly installer: BoardInstaller;
}

async function sendAndInstall(session: SshSession, job: Job, operation: LongOperation): Promise<void> {
  const { packages, installer } = job;
  const made = await runScript(session, { script: MAKE_FOLDER, args: [] }, { signal: operation.signal });
  const folder = made.stdout.toString('utf8').trim();
  if (made.code !== 0 || !folder.startsWith('/tmp/mdt-install.')) {
    throw new BoardRefusedError(`The board could not make a folder in /tmp: ${safeText(made.said.trim())}.`);
  }
  try {
    const files: string[] = [];
    for (const each of packages) {
      const destination = `${folder}/${fileName(each)}`;
      await push(session, { sources: [each.path], destination }, operation);
      files.push(destination);
    }
    const takesAll = installer.kind !== 'mdt-install-package';
    const groups = takesAll ? [files] : files.map(file => [file]);
    for (const [index, group] of groups.entries()) {
      const told = takesAll ? packages : packages.slice(index, index + 1);
      await install(session, { installer, files: group, packages: told }, operation);
      const done = takesAll ? packages.length : index + 1;
      operation.onProgress?.({ kind: 'progress', task: TASK, unit: 'steps', done, total: packages.length });
    }
  } finally {
    // Without the caller's signal: the folder goes also after an interruption. If the connection is gone, so is the way.
    await runScript(session, { script: 'rm -rf -- "$1"', args: [folder] }, { timeoutMs: TIDY_TIMEOUT_MS }).catch(
      () => undefined,
    );
  }
}

async function install(
  session: SshSession,
  job: Job & { readonly files: readonly string[] },
  operation: LongOperation,
): Promise<void> {
  const names = job.packages.map(each => `${each.packageName} ${each.version}`).join(', ');
  const result = await runStreaming(
    session,
    { script: job.installer.installCommand(job.files) },
    {
      signal: operation.signal,
      silenceTimeoutMs: SILENCE_TIMEOUT_MS,
      operation: `installing ${names}`,
      onLine: text => operation.onProgress?.({ kind: 'message', task: TASK, text }),
    },
  );
  if (result.code !== 0) throw refused(`The board did not install ${names}`, result);
}

/**
 * Removes packages by name. @throws UsageError if a name cannot be one of a package, BoardRefusedError if the board does
 * not remove them.
 */
export async function uninstallPackages(
  session: SshSession,
  names: readonly string[],
  operation: LongOperation = {},
): Promise<void> {
  if (names.length === 0) throw new UsageError('No packages to remove.', { hint: 'Give the names of packages.' });
  const wrong = names.find(name => !isPackageName(name));
  if (wrong !== undefined) {
    throw new UsageError(`${JSON.stringify(wrong)} cannot be the name of a package.`, {
      hint: 'Names are lower-case letters, digits, and any of + - . after the first; not the name of a file.',
    });
  }
  const installer = await askInstaller(session, operation.signal);
  const result = await runStreaming(
    session,
    { script: installer.removeCommand(names) },
    {
      signal: operation.signal,
      silenceTimeoutMs: SILENCE_TIMEOUT_MS,
      operation: `removing ${names.join(', ')}`,
      onLine: text => operation.onProgress?.({ kind: 'message', task: 'uninstall', text }),
    },
  );
  if (result.code !== 0) throw refused(`The board did not remove ${names.join(', ')}`, result);
}

function refused(what: string, { code, lines }: StreamingResult): BoardRefusedError {
  // What is missing says more than apt's verdict, which begins with E:, and that more than what may follow it.
  const missing = lines.find(line => /Depends: .* but /.test(line))?.trim();
  const verdict = missing ?? lines.findLast(line => /^(E: |dpkg: error)/.test(line)) ?? lines.at(-1);
  const output = lines.join('\n');
  return new BoardRefusedError(`${what}: ${(verdict ?? 'it did not say why').replace(/\.$/, '')}.`, {
    facts: { exitCode: code, output },
    hint: hintFor(output),
  });
}

function hintFor(output: string): string {
  if (/unmet dependencies|Depends:|dependency problems/.test(output)) {
    return 'Connect the board to the internet, or give the packages it depends on as well.';
  }
  if (/Could not get lock|is another process using it/.test(output))
    return 'Another installation is running; try again.';
  if (/sudo: .*password/.test(output)) return 'This user may not become root; set the username to mendel.';
  if (output.includes('No space left')) return 'Make room on the board and try again.';
  return 'Run it again with --verbose to see everything that the board says.';
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
