import type { ExecOptions, RemoteExit, RemoteProcess } from '../ssh/session.js';
import { attach } from './attach.js';
import type { Cli } from './cli.js';
import { EscapeFilter, escapeHelp } from './escape.js';
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
      io.stderr.write(escapeHelp());
    },
  });
  const exit = await onTerminal(io, remote, async () => await attach(io, remote, filter));
  return user.hasLeft ? { kind: 'left' } : exit;
}
