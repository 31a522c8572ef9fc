import type { SshRoute } from '../device/route.js';
import type { HostKey } from '../keys/host-key.js';
import type { KnownBoard } from '../keys/known-boards.js';
import type { AuthenticationError } from '../ssh/connect-errors.js';

/** A board that answered on `route`, proved `hostKey`, and did not accept the key of this host. */
export interface RefusingBoard {
  /** What messages call it. */
  readonly name: string;
  /** Where it may be reached; the keymaster listens only on some of them. */
  readonly routes: readonly SshRoute[];
  readonly route: SshRoute;
  readonly hostKey: HostKey;
  readonly error: AuthenticationError;
  /** What this host knows of it from before. */
  readonly known: KnownBoard | undefined;
}
