import type { ExecutionContext } from 'ava';
import { identityOf } from '../../src/keys/public-line.js';
import { connect, type ConnectOptions } from '../../src/ssh/connect.js';
import type { SshSession } from '../../src/ssh/session.js';
import { newEd25519, startFakeSshServer } from '../fakes/ssh-server.js';
import { sshdMissing, startSshd } from '../fixtures/sshd.js';

/** A server that a suite runs against. */
export interface Peer {
  readonly name: string;
  /** Why it cannot run here. */
  readonly missing?: string | undefined;
  readonly passesSignals: boolean;
  readonly forwardsUnixSockets: boolean;
  readonly start: (t: ExecutionContext) => Promise<RunningPeer>;
}

export interface RunningPeer {
  readonly name: string;
  readonly port: number;
  /** A session that is closed when the test ends; `port` leads there by another way. */
  readonly open: (options?: Partial<ConnectOptions> & { readonly port?: number }) => Promise<SshSession>;
}

const privateKey = newEd25519();

const fake: Peer = {
  name: 'ssh2 in this process',
  passesSignals: true,
  forwardsUnixSockets: false,
  start: async t => running(t, { name: fake.name, port: (await startFakeSshServer(t)).port, username: 'mendel' }),
};

const openssh: Peer = {
  name: 'OpenSSH',
  missing: sshdMissing,
  forwardsUnixSockets: process.platform !== 'win32',
  passesSignals: process.getuid?.() !== 0,
  start: async t => {
    const { port, username } = await startSshd(t, identityOf(privateKey).publicLine);
    return running(t, { name: openssh.name, port, username });
  },
};

export const peers: readonly Peer[] = [fake, openssh];

export function running(
  t: ExecutionContext,
  { name, port, username }: { readonly name: string; readonly port: number; readonly username: string },
): RunningPeer {
  return {
    name,
    port,
    open: async options => {
      const session = await connect(
        { host: '127.0.0.1', port: options?.port ?? port },
        {
          username,
          credentials: [{ kind: 'key', privateKey }],
          verifyHostKey: () => undefined,
          timeoutMs: 60_000,
          ...options,
        },
      );
      t.teardown(async () => {
        await session.close();
      });
      return session;
    },
  };
}
