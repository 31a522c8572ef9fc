import type { Device } from '../device/device.js';
import type { DeviceSelector } from '../device/selector.js';
import { systemClock, type Clock } from '../time/clock.js';
import { throwIfAborted } from '../time/deadline.js';
import { Collector } from './collector.js';
import { sharedLinks } from './interfaces.js';
import { mdnsSource } from './mdns-source.js';
import { merge, type PairedBoard } from './merge.js';
import { SearchEnd } from './search-end.js';
import type { DiscoverySource } from './source.js';
import { serialPortSource } from './serial-ports.js';
import { usbDeviceSource } from './usb-devices.js';
import { usbNetworkSource } from './usb-network.js';

export interface DiscoveryOptions {
  /** Longest search. Default 10 s, but 2 s while nothing at all has been found and no board is `wanted`. */
  readonly timeoutMs?: number | undefined;
  /** Ends the search as soon as this board has been found. */
  readonly wanted?: DeviceSelector | undefined;
  /** Boards that this host is paired with. */
  readonly known?: readonly PairedBoard[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: all there are. */
  readonly sources?: readonly DiscoverySource[] | undefined;
  /** What limits the search without ending it, such as an interface that cannot be used; one sentence, each once. */
  readonly onWarning?: ((text: string) => void) | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

export function defaultSources(): DiscoverySource[] {
  const links = sharedLinks();
  return [mdnsSource({ links }), usbNetworkSource({ links }), usbDeviceSource(), serialPortSource()];
}

/**
 * The boards that can be found now. Ends when the wanted board has answered; without one, after 150 ms in which nothing
 * new was found, but not before 180 ms, or 500 ms if a known board is missing or none that runs was found; and at
 * `timeoutMs` in any case.
 * Finding nothing is no error.
 * @throws AbortedError
 */
export async function discover(options: DiscoveryOptions = {}): Promise<Device[]> {
  const { signal, onWarning, known = [], sources = defaultSources(), clock = systemClock } = options;
  throwIfAborted(signal);
  const ending = new SearchEnd({ ...options, startedAt: clock.now() });
  await using collector = new Collector(sources, { mode: 'once', signal, onWarning, clock });
  let hasNews = true;
  let isLate = false;
  for (;;) {
    const devices = merge(collector.sightings, known);
    throwIfAborted(signal);
    const now = clock.now();
    const endsAt = ending.at({ now, devices, pendingUntil: collector.pendingUntil });
    if (collector.isFinished() || (now >= endsAt && (isLate || !hasNews))) {
      if (devices.length === 0) collector.tellLacks();
      return devices;
    }
    isLate = now >= endsAt;
    hasNews = await collector.next(endsAt);
  }
}
