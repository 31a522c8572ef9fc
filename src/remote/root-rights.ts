import { safeText } from '../device/board-text.js';
import { BoardRefusedError } from '../errors.js';
import type { SshSession } from '../ssh/session.js';
import { runScript } from './run-script.js';

export interface RootTask {
  /** What root is needed for, as it reads after "cannot": `restart the keymaster`. */
  readonly task: string;
  readonly signal?: AbortSignal | undefined;
}

const ASK = 'LC_ALL=C; export LC_ALL; if [ "$(id -u)" = 0 ]; then echo own; else sudo -n true && echo sudo; fi';

/**
 * Makes sure that this login can act as root without a password, before anything is changed. Returns the words that go
 * before a command which needs it: `sudo -n`, or none for root itself.
 * @throws BoardRefusedError that says why sudo refuses
 */
export async function rootRights(session: SshSession, { task, signal }: RootTask): Promise<readonly string[]> {
  const operation = 'asking the board for the rights of root';
  const { stdout, said } = await runScript(session, { script: ASK }, { operation, signal });
  const answer = stdout.toString('latin1').trim();
  if (answer === 'own') return [];
  if (answer === 'sudo') return ['sudo', '-n'];
  throw new BoardRefusedError(`The board cannot ${task}: ${reasonOf(said)}. Nothing was changed.`, {
    hint: hintFor(said),
    facts: { task, said: safeText(said.trim(), 2000) },
  });
}

function reasonOf(said: string): string {
  if (/password is required|terminal is required|no tty present|must have a tty/.test(said)) {
    return 'sudo asks for a password there, and a command cannot type one';
  }
  if (/not in the sudoers file|not allowed to (?:execute|run)/.test(said)) return 'sudo does not allow it to this user';
  if (/sudo: (?:command )?not found/.test(said)) return 'it has no sudo, and this user is not root';
  const last = said.trim().split('\n').at(-1) ?? '';
  return last === '' ? 'sudo failed and did not say why' : safeText(last, 200).replace(/\.$/, '');
}

function hintFor(said: string): string {
  if (/sudo: (?:command )?not found/.test(said)) return 'Install sudo by its console, or log in as root there.';
  return (
    'Allow sudo without a password: run `mdt shell`, then `sudo visudo -f /etc/sudoers.d/mdt`, ' +
    'and write one line: `YOUR-USER ALL=(ALL) NOPASSWD: ALL`.'
  );
}
