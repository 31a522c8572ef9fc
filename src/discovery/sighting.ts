import type { SshRoute } from '../device/route.js';

/** One raw report from one source on one interface at one moment; `merge` folds sightings into devices. */
export interface Sighting {
  readonly source: 'mdns' | 'usb-network';
  /** Host name as announced, made safe for printing; empty if this source cannot tell. */
  readonly name: string;
  readonly route: SshRoute;
  readonly serialNumber?: string;
  /** Milliseconds of the monotonic clock. */
  readonly seenAt: number;
  /** The announcer took it back (mDNS goodbye), or it expired. */
  readonly gone?: true;
}
