import { BoardRefusedError } from '../errors.js';
import { quoteWords } from '../ssh/quote.js';
import type { SshSession } from '../ssh/session.js';
import { runScript } from '../remote/run-script.js';

/** The program of Mendel that `mdt install` has always used. */
const MDT_INSTALLER = '/usr/sbin/mdt-install-package';

/** What a board installs packages with. */
export interface BoardInstaller {
  readonly kind: 'mdt-install-package' | 'apt-get' | 'dpkg';
  /** The board's own first. */
  readonly architectures: readonly string[];
  /** `mdt-install-package` takes one file, the others any number. */
  installCommand(files: readonly string[]): string;
  removeCommand(names: readonly string[]): string;
}

const FACTS = String.raw`
dpkg --print-architecture || exit 1
dpkg --print-foreign-architectures 2>/dev/null | tr '\n' ' '
echo
id -u
if command -v "$1" > /dev/null 2>&1; then echo mdt-install-package
elif command -v apt-get > /dev/null 2>&1; then echo apt-get
else echo dpkg
fi
if command -v apt-get > /dev/null 2>&1; then echo apt-get; else echo dpkg; fi
`;

/** @throws BoardRefusedError if the board has no dpkg */
export async function askInstaller(session: SshSession, signal: AbortSignal | undefined): Promise<BoardInstaller> {
  const { code, stdout } = await runScript(
    session,
    { script: FACTS, args: [MDT_INSTALLER] },
    {
      signal,
      operation: 'asking the board how it installs packages',
    },
  );
  const [own = '', foreign = '', user = '', kind = '', remover = ''] = stdout.toString('latin1').split('\n');
  const isKnown = kind === 'mdt-install-package' || kind === 'apt-get' || kind === 'dpkg';
  if (code !== 0 || own === '' || !isKnown) {
    throw new BoardRefusedError('The board has no dpkg: it cannot install packages.');
  }
  const asRoot = user.trim() === '0' ? [] : ['sudo', '-n'];
  return {
    kind,
    architectures: [own.trim(), ...foreign.split(' ').filter(name => name !== '')],
    installCommand: files => quoteWords([...asRoot, ...INSTALL[kind], ...files]),
    removeCommand: names =>
      quoteWords([...asRoot, ...(remover === 'apt-get' ? ['apt-get', 'remove', '-y'] : ['dpkg', '-r']), ...names]),
  };
}

const INSTALL = {
  'mdt-install-package': [MDT_INSTALLER],
  // Nobody can answer a question; configuration that was changed on the board stays.
  'apt-get': ['apt-get', 'install', '-y', '--reinstall', '-o', 'Dpkg::Options::=--force-confold'],
  dpkg: ['dpkg', '-i', '--force-confold'],
} as const;
