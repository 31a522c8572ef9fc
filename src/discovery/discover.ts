import type { Device } from '../device/device.js';
import { matchesSelector, type DeviceSelector } from '../device/selector.js';
import { throwIfAborted } from '../time/deadline.js';
import { Collector } from './collector.js';
import { mdnsSource } from './mdns-source.js';
import { merge, type PairedBoard } from './merge.js';
import { monotonicNow, type DiscoverySource } from './source.js';
import { usbNetworkSource } from './usb-network.js';

export interface DiscoveryOptions {
  /** Longest search. Default 10 s, but 2 s while nothing at all has been found and no board is `wanted`. */
  readonly timeoutMs?: number | undefined;
  /** Ends the search as soon as this board has been found. */
  readonly wanted?: DeviceSelector | undefined;
  /** Boards that this host is paired with. */
  readonly known?: readonly PairedBoard[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: multicast DNS and boards on USB. */
  readonly sources?: readonly DiscoverySource[] | undefined;
  /** What limits the search without ending it, such as an interface that cannot be used; one sentence, each once. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

const LONGEST_MS = 10_000;
const LONGEST_IN_VAIN_MS = 2000;
/** Answers come within 120 ms of a question (RFC 6762 section 6); the floor leaves room for a slow board's own time. */
const FLOOR_MS = 200;
const QUIET_MS = 150;
/** For the wanted board's other routes, whose answers are on their way, and for a second board that matches too. */
const SETTLE_MS = 15;

export function defaultSources(): DiscoverySource[] {
  return [mdnsSource(), usbNetworkSource()];
}

/**
 * The boards that can be found now. Ends when the wanted board has answered; without one, after 150 ms in which nothing
 * new was found, but not before 200 ms; and at `timeoutMs` in any case. Finding nothing is no error.
 * @throws AbortedError
 */
export async function discover(options: DiscoveryOptions = {}): Promise<Device[]> {
  const { signal, onWarning, known = [], sources = defaultSources() } = options;
  throwIfAborted(signal);
  const search = new Search(options);
  await using collector = new Collector(sources, { mode: 'once', signal, onWarning });
  for (;;) {
    const devices = merge(collector.sightings, known);
    throwIfAborted(signal);
    const endsAt = search.endsAt(devices, collector.pendingUntil);
    if (monotonicNow() >= endsAt || collector.isFinished()) return devices;
    await collector.next(endsAt);
  }
}

/** Decides when a search has found what there is to find. */
class Search {
  readonly #options: DiscoveryOptions;
  readonly #startedAt = monotonicNow();
  #lastNewsAt = this.#startedAt;
  #matchedAt: number | undefined;
  #found = '[]';

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** Time of the monotonic clock. */
  endsAt(devices: readonly Device[], pendingUntil: number): number {
    const now = monotonicNow();
    const found = JSON.stringify(devices);
    if (found !== this.#found) this.#lastNewsAt = now;
    this.#found = found;
    const { wanted, timeoutMs } = this.#options;
    const latest = this.#startedAt + (timeoutMs ?? LONGEST_MS);
    if (wanted) {
      if (devices.some(device => matchesSelector(device, wanted))) this.#matchedAt ??= now;
      return Math.min(latest, (this.#matchedAt ?? Infinity) + SETTLE_MS);
    }
    if (devices.length === 0) return this.#startedAt + (timeoutMs ?? LONGEST_IN_VAIN_MS);
    return Math.min(latest, Math.max(this.#startedAt + FLOOR_MS, this.#lastNewsAt + QUIET_MS, pendingUntil));
  }
}
