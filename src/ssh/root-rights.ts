import { safeText } from '../device/board-text.js';
import { BoardRefusedError } from '../errors.js';
import { quoteWord } from './quote.js';
import type { SshSession } from './session.js';

export interface RootTask {
  /** What root is needed for, as it reads after "cannot": `restart the keymaster`. */
  readonly task: string;
  readonly signal?: AbortSignal | undefined;
}

const MARK = 'mdt-root';
const ASK = `LC_ALL=C; export LC_ALL; if [ "$(id -u)" = 0 ]; then echo ${MARK} own; else sudo -n true && echo ${MARK} sudo; fi`;

/**
 * Makes sure that this login can act as root without a password, before anything is changed. Returns the words that go
 * before a command which needs it: `sudo -n`, or none for root itself.
 * @throws BoardRefusedError that says why sudo refuses
 */
export async function rootRights(session: SshSession, { task, signal }: RootTask): Promise<readonly string[]> {
  const { stdout, stderr } = await session.run(`exec sh -c ${quoteWord(ASK)}`, {
    operation: 'asking the board for the rights of root',
    signal,
  });
  const answer = new RegExp(`^${MARK} (own|sudo)$`, 'm').exec(stdout.toString('latin1'))?.[1];
  if (answer !== undefined) return answer === 'own' ? [] : ['sudo', '-n'];
  const said = stderr.toString('utf8');
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
