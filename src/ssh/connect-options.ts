import type { HostKey } from '../keys/host-key.js';
import type { Credential } from './credential.js';

/** How far a connection got; decides what an error of it means. */
export type ConnectStage = 'connecting' | 'greeting' | 'key-exchange' | 'authenticating' | 'ready';

/** Where a board listens. `host` is an address or a name; link-local IPv6 carries its scope as `%usb0`. */
export interface SshTarget {
  readonly host: string;
  readonly port: number;
}

export interface ConnectOptions {
  readonly username: string;
  /** What messages call the server; default: its address. */
  readonly peer?: string | undefined;
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
  /**
   * Called when the server has greeted. The login begins when it resolves; what it throws is what `connect` throws. So
   * several routes can be tried at once and a login made on one of them.
   */
  readonly onGreeting?: (() => Promise<void>) | undefined;
  /** Until the server greets, and as long again for the login; default 10 s and 30 s. */
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
  readonly address: string;
  stage: ConnectStage;
}
