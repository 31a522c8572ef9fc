import { ProtocolError } from '../errors.js';
import type { SshSession } from '../ssh/session.js';
import { runScript } from '../remote/run-script.js';

export interface PackageVersion {
  readonly packageName: string;
  readonly version: string;
}

/** What dpkg has of a package. */
export interface PackageState {
  readonly packageName: string;
  /** `incomplete`: unpacked, not configured. `absent` also if only its configuration files are left. */
  readonly status: 'absent' | 'incomplete' | 'installed';
  /** Empty if it is absent. */
  readonly version: string;
  /** How that compares with the version that was asked about, by dpkg's own rules. */
  readonly order: 'earlier' | 'same' | 'later';
}

const FORMAT = '${db:Status-Status} ${Version}\\n';
const STATE = String.raw`
LC_ALL=C; export LC_ALL
while [ $# -gt 1 ]; do
  found=$(dpkg-query -W -f '${FORMAT}' "$1" 2>/dev/null | head -n 1)
  state=${'$'}{found%% *}
  version=${'$'}{found#* }
  order=earlier
  case $state in '' | not-installed | config-files) state=absent; version=;; esac
  if [ "$version" = "" ]; then state=absent; version=-
  elif dpkg --compare-versions "$version" eq "$2"; then order=same
  elif dpkg --compare-versions "$version" gt "$2"; then order=later
  fi
  echo "mdt-package $state $version $order"
  shift 2
done
`;

/** Asks dpkg on the board, in the order of `packages`. @throws ProtocolError if it does not answer for each */
export async function askPackages(
  session: SshSession,
  packages: readonly PackageVersion[],
  signal: AbortSignal | undefined,
): Promise<PackageState[]> {
  const args = packages.flatMap(({ packageName, version }) => [packageName, version]);
  const operation = 'asking the board which packages it has';
  const { stdout } = await runScript(session, { script: STATE, args }, { signal, operation });
  const answers = [...stdout.toString('latin1').matchAll(/^mdt-package (\S+) (\S+) (earlier|same|later)$/gm)];
  if (answers.length !== packages.length) {
    throw new ProtocolError('The board did not say which packages it has.', {
      hint: 'Look with `mdt exec dpkg -l`.',
      facts: { bytes: stdout.toString('utf8', 0, 200) },
    });
  }
  return packages.map(({ packageName }, index) => {
    const [, state, version = '', order = ''] = answers[index] ?? [];
    if (state === 'absent') return { packageName, status: 'absent', version: '', order: 'earlier' };
    return { packageName, status: state === 'installed' ? state : 'incomplete', version, order: orderOf(order) };
  });
}

function orderOf(word: string): PackageState['order'] {
  return word === 'same' || word === 'later' ? word : 'earlier';
}
