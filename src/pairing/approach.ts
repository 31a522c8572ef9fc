import { formatRoute, routeHost, type SshRoute } from '../device/route.js';
import { listLinks } from '../discovery/interfaces.js';
import { wentOver } from '../discovery/medium.js';
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
  /** What messages call the board; default: its address. */
  readonly label?: string | undefined;
  /** See `ConnectOptions`. */
  readonly onGreeting?: (() => Promise<void>) | undefined;
  /** Only over the interface of the route: no key tells whether it is the board that was found there. */
  readonly requireInterface?: boolean | undefined;
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
        peer: options.label,
        onGreeting: options.onGreeting,
        credentials: options.credentials ?? [{ kind: 'key', privateKey: login.identity.privateKey }],
        ...(options.requireInterface === true ? { verifyPath: own => requireInterface(route, own) } : {}),
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

/** On the cables of several boards the system takes one of them for the address that they share. */
async function requireInterface(route: SshRoute, ownAddress: string): Promise<void> {
  if (route.medium !== 'usb-network' || wentOver(route, ownAddress, await listLinks())) return;
  throw new TransportError(`${formatRoute(route)} leads to the board on another cable.`, {
    hint: `Enable IPv6 on ${route.interface ?? 'the interface'} to tell apart boards that share an address, or unplug the other board.`,
    facts: { route },
  });
}
