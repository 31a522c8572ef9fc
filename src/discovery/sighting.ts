import type { Route } from '../device/route.js';

/** One report from one source about one board on one interface; `merge` folds sightings into devices. */
export interface Sighting {
  readonly source: 'mdns' | 'usb-network' | 'usb' | 'serial';
  /** Host name as announced, made safe for printing; empty if this source cannot tell. */
  readonly name: string;
  readonly route: Route;
  readonly serialNumber?: string;
  /** `denied`: this user may not open the device that was seen. */
  readonly access?: 'ready' | 'denied';
}
