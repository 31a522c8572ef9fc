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
  /** The key of this host that it accepted last. Not there in files of mdt 2.0. */
  readonly accepted?: AcceptedKey;
}

export interface AcceptedKey {
  /** Fingerprint, `SHA256:…`. */
  readonly key: string;
  /** ISO 8601, to the day: it is noted once a day. */
  readonly at: string;
}
