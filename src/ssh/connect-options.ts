import type { HostKey } from '../keys/host-key.js';
import type { Credential } from './authentication.js';
import type { ConnectStage } from './connect-errors.js';

/** Where a board listens. `host` is an address or a name; link-local IPv6 carries its scope as `%usb0`. */
export interface SshTarget {
  readonly host: string;
  readonly port: number;
}

export interface ConnectOptions {
  readonly username: string;
  /** Tried in order. None at all asks the server which methods it takes, and ends in AuthenticationError with them. */
  readonly credentials: readonly Credential[];
  /**
   * Throws to refuse the way that the connection goes, before anything is sent; `ownAddress` is this host's address of it.
   * What it throws is what `connect` throws.
   */
  readonly verifyPath?: ((ownAddress: string) => Promise<void>) | undefined;
  /** Throws to refuse the server's key; what it throws is what `connect` throws. */
  readonly verifyHostKey: (key: HostKey) => Promise<void> | void;
  /** Algorithm of the pinned key, so that the server shows that key and not another of its keys. */
  readonly hostKeyAlgorithm?: string | undefined;
  /** For all of connecting; default 10 s. */
  readonly timeoutMs?: number | undefined;
  /** Silence after which the link is tested; three tests without answer end it. Default 15 s. */
  readonly keepAliveIntervalMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Compress what is sent; default off, since it costs speed on all but slow links. */
  readonly compress?: boolean | undefined;
}

/** What is being connected to, for messages, and how far it got. */
export interface ConnectProgress {
  readonly peer: string;
  stage: ConnectStage;
}
