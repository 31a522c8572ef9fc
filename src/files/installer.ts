import { BoardRefusedError, ProtocolError } from '../errors.js';
import { rootRights } from '../remote/root-rights.js';
import type { SshSession } from '../ssh/session.js';
import { runScript } from '../remote/run-script.js';

/** What a board installs packages with. */
export interface BoardInstaller {
  readonly kind: 'apt-get' | 'dpkg';
  /** The board's own first. */
  readonly architectures: readonly string[];
  installCommand(files: readonly string[], options: { readonly allowDowngrade: boolean }): readonly string[];
  removeCommand(names: readonly string[]): readonly string[];
}

const FACTS = String.raw`
command -v dpkg > /dev/null 2>&1 || { echo none; exit 0; }
if command -v apt-get > /dev/null 2>&1; then echo apt-get; else echo dpkg; fi
dpkg --print-architecture || exit 1
dpkg --print-foreign-architectures 2>/dev/null || :
`;

/**
 * Asks the board what it installs with, and makes sure that this login may.
 * @throws BoardRefusedError if the board has no dpkg, or sudo asks for a password
 */
export async function askInstaller(session: SshSession, signal: AbortSignal | undefined): Promise<BoardInstaller> {
  const operation = 'asking the board how it installs packages';
  const { code, stdout } = await runScript(session, { script: FACTS, args: [] }, { signal, operation });
  const [kind, ...architectures] = stdout
    .toString('latin1')
    .split('\n')
    .filter(line => line !== '');
  if (kind === 'none') throw new BoardRefusedError('The board has no dpkg: it cannot install packages.');
  if (code !== 0 || (kind !== 'apt-get' && kind !== 'dpkg') || architectures.length === 0) {
    throw new ProtocolError('The board did not say what it installs packages with.', {
      hint: 'Check that `mdt exec dpkg --print-architecture` prints one word.',
      facts: { bytes: stdout.toString('utf8', 0, 200) },
    });
  }
  const asRoot = await rootRights(session, { task: 'install or remove packages', signal });
  const start = [...asRoot, 'env', 'LC_ALL=C', 'DEBIAN_FRONTEND=noninteractive'];
  return {
    kind,
    architectures,
    installCommand: (files, { allowDowngrade }) => [
      ...start,
      ...INSTALL[kind],
      ...(allowDowngrade && kind === 'apt-get' ? ['--allow-downgrades'] : []),
      ...files,
    ],
    removeCommand: names => [
      ...start,
      ...(kind === 'apt-get' ? ['apt-get', 'remove', '-y'] : ['dpkg', '-r']),
      ...names,
    ],
  };
}

/*
 * Files are installed by apt-get itself: /usr/sbin/mdt-install-package has apt take the highest version that any source
 * has, whatever the file is. Nobody can answer a question, so configuration that was changed on the board stays.
 */
const INSTALL = {
  'apt-get': [
    ...['apt-get', 'install', '-y', '--reinstall'],
    ...['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold'],
  ],
  dpkg: ['dpkg', '-i', '--force-confdef', '--force-confold'],
} as const;
