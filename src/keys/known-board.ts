import type { SshRoute } from '../device/route.js';
import type { HostKey } from './host-key.js';

/** A board that this host has been paired with. Its host key is its identity: names repeat, addresses are shared. */
export interface KnownBoard {
  readonly name: string;
  readonly hostKey: HostKey;
  /** Where it was reached, last first. */
  readonly routes: readonly SshRoute[];
  readonly serialNumber?: string;
  /** ISO 8601. */
  readonly lastSeen: string;
}
