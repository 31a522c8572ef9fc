import { usbPortOf, type Device } from '../device/device.js';
import { formatRoute } from '../device/route.js';
import { systemClock } from '../time/clock.js';
import { Collector } from './collector.js';
import { defaultSources, type DiscoveryOptions } from './discover.js';
import { merge } from './merge.js';

/** A board has come, changed or gone. */
export interface DeviceChange {
  readonly kind: 'added' | 'changed' | 'removed';
  /** As it is now; if removed, as it was. */
  readonly device: Device;
}

export type WatchOptions = Pick<DiscoveryOptions, 'known' | 'signal' | 'sources' | 'onWarning' | 'clock'>;

/** The routes of one board become known within this time of each other; they are told as one change. */
const GATHER_MS = 20;

/** Tells the boards that are there, then each that comes, changes or goes. Ends, without an error, when `signal` aborts. */
export async function* watch(options: WatchOptions = {}): AsyncGenerator<DeviceChange, void, void> {
  const { signal, onWarning, known = [], sources = defaultSources(), clock = systemClock } = options;
  if (signal?.aborted) return;
  await using collector = new Collector(sources, { mode: 'watch', signal, onWarning, clock });
  let before: Device[] = [];
  while (!collector.isFinished()) {
    await collector.next(Infinity);
    const gatheredAt = clock.now() + GATHER_MS;
    while (clock.now() < gatheredAt && !collector.isFinished()) await collector.next(gatheredAt);
    const after = merge(collector.sightings, known);
    for (const change of compare(before, after)) {
      if (signal?.aborted) return;
      yield change;
    }
    before = after;
  }
}

/** What happened between two lists of boards: first who went, then who changed or came. Pure. */
export function compare(before: readonly Device[], after: readonly Device[]): DeviceChange[] {
  const gone = new Set(before);
  const changes = after.flatMap((device): DeviceChange[] => {
    const earlier = [...gone].find(other => isSameBoard(other, device));
    if (!earlier) return [{ kind: 'added', device }];
    gone.delete(earlier);
    return JSON.stringify(earlier) === JSON.stringify(device) ? [] : [{ kind: 'changed', device }];
  });
  return [...[...gone].map((device): DeviceChange => ({ kind: 'removed', device })), ...changes];
}

/** One USB port is one board, whatever it is called; elsewhere the name is the board, or for want of one the route. */
function isSameBoard(a: Device, b: Device): boolean {
  const [portA, portB] = [usbPortOf(a), usbPortOf(b)];
  if (portA !== undefined && portB !== undefined) {
    return portA === portB && (a.name === b.name || a.name === '' || b.name === '');
  }
  if (a.name !== '' && b.name !== '') return a.name.toLowerCase() === b.name.toLowerCase();
  return a.routes.some(route => b.routes.some(other => formatRoute(route) === formatRoute(other)));
}
