import { ESCAPES, EscapeFilter } from '../ssh/escape.js';
import type { ExecOptions, RemoteExit, RemoteProcess } from '../ssh/session.js';
import { attach } from './attach.js';
import type { Cli } from './cli.js';
import { remoteEnvironment } from './remote-environment.js';
import { onTerminal, terminalSize } from './terminal.js';

/** How a program under a terminal of the board ended; `left` is the user's own `Enter ~ .`. */
export type TerminalEnd = RemoteExit | { readonly kind: 'left' };

/** Starts a program under a terminal like the one here and hands it the keyboard until it ends or the user leaves it. */
export async function runOnTerminal(
  cli: Cli,
  start: (options: ExecOptions & Required<Pick<ExecOptions, 'pty'>>) => Promise<RemoteProcess>,
): Promise<TerminalEnd> {
  const { io, host } = cli;
  const env = await remoteEnvironment(host);
  const pty = { ...terminalSize(io), term: host.environment.term };
  const remote = await start({ env, pty, signal: io.signal });
  const user = { hasLeft: false };
  const filter = new EscapeFilter({
    onDisconnect: () => {
      user.hasLeft = true;
      remote.close();
    },
    onHelp: () => {
      // The terminal is raw now: lines need both halves of their end.
      io.stderr.write(['', 'Escapes, at the start of a line:', ...ESCAPES.map(escapeLine), ''].join('\r\n'));
    },
  });
  const exit = await onTerminal(io, remote, async () => await attach(io, remote, filter));
  return user.hasLeft ? { kind: 'left' } : exit;
}

function escapeLine([keys, meaning]: readonly [string, string]): string {
  return `  ${keys}  ${meaning}`;
}
