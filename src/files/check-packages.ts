import { safeText } from '../device/board-text.js';
import { BoardRefusedError } from '../errors.js';
import type { SshSession } from '../ssh/session.js';
import { runScript } from '../remote/run-script.js';
import { parseControl, type DebControl, type DebHead } from './deb.js';
import type { BoardInstaller } from './installer.js';
import { refusal } from './package-refusal.js';
import { readTrouble } from './package-trouble.js';

/** A package file that was read and suits the board. */
export interface CheckedPackage extends DebControl {
  /** The file on this host. */
  readonly path: string;
}

const READ_TIMEOUT_MS = 60_000;
/** Exit code of the script where the board could not keep the head of the file. */
const NOT_KEPT = 41;

const READ_CONTROL = String.raw`
LC_ALL=C; export LC_ALL
file=$(mktemp "/tmp/mdt-control.XXXXXXXXXX") || exit ${NOT_KEPT}
trap 'rm -f -- "$file"' EXIT
trap 'exit 40' HUP INT TERM PIPE
cat > "$file" || exit ${NOT_KEPT}
dpkg-deb --field "$file"
`;

/** Reads what this host cannot unpack on the board; refuses what the board cannot run. */
export async function checkPackages(
  session: SshSession,
  heads: readonly DebHead[],
  { installer, signal }: { readonly installer: BoardInstaller; readonly signal: AbortSignal | undefined },
): Promise<CheckedPackage[]> {
  const packages: CheckedPackage[] = [];
  for (const head of heads) {
    const control = head.control.kind === 'read' ? head.control.control : await controlByBoard(session, head, signal);
    checkArchitecture(control, head.path, installer);
    packages.push({ ...control, path: head.path });
  }
  return packages;
}

function checkArchitecture({ architecture, packageName }: DebControl, path: string, installer: BoardInstaller): void {
  if (architecture === 'all' || installer.architectures.includes(architecture)) return;
  throw new BoardRefusedError(
    `${packageName} is built for ${architecture}, and the board is ${installer.architectures[0] ?? 'another'}.`,
    {
      facts: { path, packageName, architecture, boardArchitectures: installer.architectures },
      hint: 'Get the package for the architecture of the board.',
    },
  );
}

async function controlByBoard(
  session: SshSession,
  { path, control }: DebHead,
  signal: AbortSignal | undefined,
): Promise<DebControl> {
  if (control.kind === 'read') return control.control;
  const { code, stdout, said } = await runScript(
    session,
    { script: READ_CONTROL, args: [] },
    {
      input: control.head,
      operation: 'reading what a package says of itself',
      timeoutMs: READ_TIMEOUT_MS,
      signal,
    },
  );
  if (code === 0) return parseControl(stdout.toString('utf8'), path);
  if (code === NOT_KEPT) throw notKept(said, code);
  const last = safeText(said.trim().split('\n').at(-1) ?? '').replace(/\.$/, '');
  const isUnknown = said.includes('unknown compression');
  throw new BoardRefusedError(`The board cannot read ${safeText(path)}: ${last}.`, {
    facts: { path, compression: control.compression },
    hint: isUnknown ? 'Build the package with `dpkg-deb -Zgzip`.' : 'Check that the file is complete and undamaged.',
  });
}

/** The board has no place in /tmp for a file, by what it said. */
export function notKept(said: string, code: number): BoardRefusedError {
  const lines = said
    .split('\n')
    .map(line => safeText(line, 400).trim())
    .filter(line => line !== '');
  return refusal('The board cannot take a package into its /tmp', readTrouble(lines), { code, lines });
}
