import type { Route } from './route.js';

/**
 * `online`: reachable and paired with this host. `unpaired`: reachable, this host's key is not known to be on it.
 * `fastboot`, `console-only`: waiting in the bootloader, or seen as a serial console alone.
 * `inaccessible`: seen, but this user may not open it. `offline`: known, not reachable now.
 */
export type DeviceState = 'online' | 'unpaired' | 'fastboot' | 'console-only' | 'inaccessible' | 'offline';

/** A board. Its identity is its serial number or pinned host key, never an address: on USB all boards share one. */
export interface Device {
  /** Host name as the board announces it, stripped of control characters; empty if it has not told one. */
  readonly name: string;
  readonly state: DeviceState;
  /** Best first. */
  readonly routes: readonly Route[];
  readonly serialNumber?: string;
  /** SHA256 fingerprint of the pinned SSH host key, in the form `SHA256:…`. */
  readonly hostKeyFingerprint?: string;
}
