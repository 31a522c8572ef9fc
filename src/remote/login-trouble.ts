import { BoardRefusedError, TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { RemoteExit } from '../ssh/session.js';

/** The board does not run commands for this user, or its login shell ended before it ran one. */
export class LoginShellError extends BoardRefusedError {}

/** A script did not begin because the board lacks programs that it needs. */
export class MissingProgramError extends BoardRefusedError {}

export const SLOW_LOGIN_HINT =
  'A login file of the user on the board, such as ~/.bashrc, probably waits for something; look at it with `mdt shell`.';

/** The error for a command that ended before its script began; `printed` is what came instead. */
export function loginTrouble(exit: RemoteExit, printed: string): LoginShellError | TransportError {
  if (exit.kind === 'lost') {
    return new TransportError('The connection to the board was lost.', { hint: 'Try again.' });
  }
  const lines = printed.split(/[\r\n]+/).filter(line => line.trim() !== '');
  const last = safeText(lines.at(-1) ?? '').trim();
  const ending = exit.kind === 'exit' ? `exit code ${String(exit.code)}` : `signal ${safeText(exit.signal)}`;
  const answer = last === '' ? `it ended without an answer (${ending})` : `it printed "${last}" (${ending})`;
  return new LoginShellError(`The board did not run the command: ${answer}.`, {
    facts: { exit, printed: safeText(printed, 2000) },
    hint: hintFor(printed),
  });
}

function hintFor(printed: string): string {
  if (/account is currently not available|nologin/i.test(printed)) {
    return 'The login shell of this user is nologin; connect as another user.';
  }
  if (/sftp connections only/i.test(printed)) {
    return 'sshd on the board allows only SFTP for this user: see ForceCommand in its sshd_config.';
  }
  if (/restricted/i.test(printed)) {
    return 'The login shell of this user is a restricted one; change it with `chsh`, or connect as another user.';
  }
  if (/(?:exec|sh): (?:.*: )?not found/i.test(printed)) return 'The board has no `sh` in the PATH of this user.';
  return 'Look at ForceCommand in sshd_config, command= in authorized_keys, the login shell and its login files.';
}

export function missingPrograms(names: readonly string[]): MissingProgramError {
  const list = names.map(name => safeText(name)).join(', ');
  return new MissingProgramError(`The board lacks a program that this needs: ${list}.`, {
    facts: { programs: names },
    hint: 'Mendel has them all; on another system install what is missing.',
  });
}
