import type { SshRoute } from '../device/route.js';

/** One report from one source about one board on one interface; `merge` folds sightings into devices. */
export interface Sighting {
  readonly source: 'mdns' | 'usb-network';
  /** Host name as announced, made safe for printing; empty if this source cannot tell. */
  readonly name: string;
  readonly route: SshRoute;
  readonly serialNumber?: string;
}
