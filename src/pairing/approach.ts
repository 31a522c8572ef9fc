import { routeHost, type SshRoute } from '../device/route.js';
import { TransportError } from '../errors.js';
import type { HostKey } from '../keys/host-key.js';
import { connect, type Credential } from '../ssh/connect.js';
import { AuthenticationError } from '../ssh/connect-errors.js';
import type { SshSession } from '../ssh/session.js';
import type { HostLogin } from './host.js';
import { requirePinned, type Pinned } from './trust.js';

/** A board answered: it let this host in, or it proved its key and did not. */
export type Answer =
  | { readonly kind: 'session'; readonly session: SshSession }
  | { readonly kind: 'unauthorised'; readonly hostKey: HostKey; readonly error: AuthenticationError };

export interface ApproachOptions {
  /** The only host keys that are accepted; where there are none any is, and the answer tells which. */
  readonly pinned: readonly Pinned[];
  readonly credentials?: readonly Credential[];
  readonly signal?: AbortSignal | undefined;
}

/** Connects over one route. @throws OtherHostKeyError, TransportError, TimeoutError, ProtocolError */
export async function approach(login: HostLogin, route: SshRoute, options: ApproachOptions): Promise<Answer> {
  const [first] = options.pinned;
  let shown: HostKey | undefined;
  try {
    const session = await connect(
      { host: routeHost(route), port: route.port },
      {
        username: login.username,
        credentials: options.credentials ?? [{ kind: 'key', privateKey: login.identity.privateKey }],
        verifyHostKey: key => {
          shown = key;
          requirePinned(options.pinned, key);
        },
        ...(first ? { hostKeyAlgorithm: first.hostKey.algorithm } : {}),
        ...(options.signal ? { signal: options.signal } : {}),
      },
    );
    return { kind: 'session', session };
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    if (!shown) throw new TransportError('The board ended the connection before it showed its key.', { cause: error });
    return { kind: 'unauthorised', hostKey: shown, error };
  }
}
