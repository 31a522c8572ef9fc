import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { identityOf } from '../../src/keys/public-line.js';
import { connect } from '../../src/ssh/connect.js';
import type { SshSession } from '../../src/ssh/session.js';
import { newEd25519 } from '../fakes/ssh-server.js';
import { startSshd } from '../fixtures/sshd.js';
import { tempDir } from '../fixtures/temp-dir.js';

export interface LoginShell {
  /** As in /etc/shells. */
  readonly shell: string;
  /** Its login file, relative to the home folder. */
  readonly file: string;
  /** Prints `text` and no newline. */
  readonly print: (text: string) => string;
}

/** Shells that read a file of the user before each command that sshd hands them. */
export const loginShells: readonly LoginShell[] = [
  { shell: '/bin/bash', file: '.bashrc', print: text => `echo -n '${text}'` },
  { shell: '/usr/bin/fish', file: '.config/fish/config.fish', print: text => `echo -n '${text}'` },
  { shell: '/usr/bin/tcsh', file: '.tcshrc', print: text => `echo -n '${text}'` },
  { shell: '/usr/bin/zsh', file: '.zshenv', print: text => `echo -n '${text}'` },
];

export interface LoginBoard {
  /** Home folder of the user. */
  readonly home: string;
  readonly open: () => Promise<SshSession>;
}

/** A real sshd whose user has this login shell and a home folder of its own. */
export async function boardWithShell(
  t: ExecutionContext,
  shell: string,
  {
    loginFile,
    config = [],
  }: { readonly loginFile?: readonly [name: string, text: string]; readonly config?: readonly string[] } = {},
): Promise<LoginBoard> {
  const home = await tempDir(t);
  if (loginFile) await writeLoginFile(home, loginFile);
  // bash reads its login file for a command of sshd only where no other shell is around it.
  const force = `ForceCommand cd ${home} && HOME=${home} SHLVL=0 exec ${shell} -c "$SSH_ORIGINAL_COMMAND"`;
  return boardThatForces(t, { home, config: [force, ...config] });
}

/** A real sshd with a configuration of its own. */
export async function boardThatForces(
  t: ExecutionContext,
  { home, config }: { readonly home: string; readonly config: readonly string[] },
): Promise<LoginBoard> {
  const privateKey = newEd25519();
  const place = await startSshd(t, identityOf(privateKey).publicLine, config);
  const open = async (): Promise<SshSession> => {
    const session = await connect(
      { host: '127.0.0.1', port: place.port },
      {
        username: place.username,
        credentials: [{ kind: 'key', privateKey }],
        verifyHostKey: () => undefined,
        timeoutMs: 60_000,
      },
    );
    t.teardown(() => session.close());
    return session;
  };
  return { home, open };
}

async function writeLoginFile(home: string, [name, text]: readonly [string, string]): Promise<void> {
  const path = join(home, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `${text}\n`);
}

export function shellMissing(shell: string): boolean {
  return !existsSync(shell);
}
