import { safeText } from '../device/board-text.js';
import { connectReason } from '../host/system-error.js';
import { pause } from '../time/deadline.js';
import { isContinued, linkFingerprint, listLinks, type Link } from './interfaces.js';
import type { Announcement, MdnsCache } from './mdns-cache.js';
import { MdnsLink } from './mdns-link.js';
import { canBeBoard, routeOver } from './medium.js';
import type { Sighting } from './sighting.js';
import type { DiscoverySource, SourceContext } from './source.js';

export interface MdnsSourceOptions {
  /** Default 5353. */
  readonly port?: number;
  /** The interfaces to search, asked for again every second; default: all of this host. */
  readonly links?: () => Promise<readonly Link[]>;
}

const MDNS_PORT = 5353;
const INTERFACE_POLL_MS = 1000;
const MAX_NAME_LENGTH = 63;
const SETTLING_MS = 3000;
/** Interfaces that a warning names; of the others it gives the number. */
const MAX_NAMED = 3;

/** Finds boards by multicast DNS, on each interface for itself: one that does not work never silences the others. */
export function mdnsSource(options: MdnsSourceOptions = {}): DiscoverySource {
  return {
    name: 'mdns',
    run: async context => {
      const search = new MdnsSearch(context, options);
      try {
        await search.run();
      } finally {
        search[Symbol.dispose]();
      }
    },
  };
}

class MdnsSearch implements Disposable {
  readonly #context: SourceContext;
  readonly #options: MdnsSourceOptions;
  readonly #searches = new Map<string, MdnsLink>();
  readonly #warned = new Set<string>();
  readonly #failedSince = new Map<string, number>();
  #links: readonly Link[] = [];
  #reporting: NodeJS.Immediate | undefined;

  constructor(context: SourceContext, options: MdnsSourceOptions) {
    this.#context = context;
    this.#options = options;
  }

  /**
   * Follows the interfaces of this host until the signal aborts. Interfaces fail one after the other, for reasons that
   * often pass: what they came to is reported at the end of a search, or at each look while watching.
   */
  async run(): Promise<void> {
    const { signal, mode, clock } = this.#context;
    while (!signal.aborted) {
      await this.#followLinks();
      if (mode === 'watch') this.#warnOfFailures();
      await pause(INTERFACE_POLL_MS, signal, clock).catch(() => undefined);
    }
    if (mode === 'once') this.#warnOfFailures();
  }

  [Symbol.dispose](): void {
    clearImmediate(this.#reporting);
    for (const search of this.#searches.values()) search[Symbol.dispose]();
    this.#searches.clear();
  }

  async #followLinks(): Promise<void> {
    this.#links = await (this.#options.links ?? listLinks)();
    const current = new Map(this.#links.map(link => [linkFingerprint(link), link]));
    const ended = [...this.#searches].filter(([key]) => !current.has(key));
    for (const [key, search] of ended) {
      search[Symbol.dispose]();
      this.#searches.delete(key);
    }
    for (const [key, link] of current) {
      if (this.#searches.has(key)) continue;
      const before = ended.find(([, search]) => isContinued(search.link, link))?.[1];
      this.#searches.set(key, this.#searchOn(link, before?.cache));
    }
    if (ended.length > 0) this.#reportSoon();
    await Promise.all([...this.#searches.values()].map(search => search.open()));
  }

  #searchOn(link: Link, cache: MdnsCache | undefined): MdnsLink {
    return new MdnsLink({
      link,
      cache,
      port: this.#options.port ?? MDNS_PORT,
      links: () => this.#links,
      clock: this.#context.clock,
      onNews: () => {
        this.#reportSoon();
      },
    });
  }

  /** Once for all packets that have arrived by now. */
  #reportSoon(): void {
    this.#reporting ??= setImmediate(() => {
      this.#reporting = undefined;
      const now = this.#context.clock.now();
      const searches = [...this.#searches.values()];
      for (const search of searches) search.settle();
      this.#context.report({
        sightings: searches.flatMap(search => sightingsOn(search.link, search.cache.announcements(now))),
        pendingUntil: Math.max(0, ...searches.map(search => search.pendingUntil(now))),
      });
    });
  }

  /** One warning for all interfaces that have failed since the last one. */
  #warnOfFailures(): void {
    const now = this.#context.clock.now();
    const failed = [...this.#searches.values()].flatMap(({ link, failure }) => {
      if (failure === undefined || this.#warned.has(link.name)) return [];
      const since = this.#failedSince.get(link.name) ?? now;
      this.#failedSince.set(link.name, since);
      if (isSettling(link, failure) && now - since < SETTLING_MS) return [];
      this.#warned.add(link.name);
      return [{ name: safeText(link.name), reason: connectReason(failure) }];
    });
    if (failed.length > 0) this.#context.warn(failureText(failed));
  }
}

/** IPv6 addresses cannot be used before the system has looked for duplicates, for one to three seconds (RFC 4862). */
function isSettling(link: Link, failure: NodeJS.ErrnoException): boolean {
  return failure.code === 'EADDRNOTAVAIL' && link.ipv4.length === 0;
}

function failureText(failed: readonly { readonly name: string; readonly reason: string }[]): string {
  const [first, ...others] = failed;
  if (first !== undefined && others.length === 0) {
    return `Boards cannot be looked for on ${first.name}: ${first.reason}.`;
  }
  const named = failed.slice(0, MAX_NAMED).map(({ name, reason }) => `${name} (${reason})`);
  const more = failed.length > MAX_NAMED ? ` and ${String(failed.length - MAX_NAMED)} more` : '';
  return `Boards cannot be looked for on ${String(failed.length)} interfaces: ${named.join(', ')}${more}.`;
}

function sightingsOn(link: Link, announcements: readonly Announcement[]): Sighting[] {
  return announcements.flatMap(announcement => {
    const name = nameOf(announcement.instance);
    if (name === '') return [];
    return announcement.addresses
      .filter(address => canBeBoard(link, address))
      .map(address => ({ source: 'mdns' as const, name, route: routeOf(link, address, announcement) }));
  });
}

function routeOf(link: Link, address: string, { port, entries }: Announcement): Sighting['route'] {
  const route = routeOver(link, address, port);
  if (route.medium !== 'loopback') return route;
  const keymasterPort = portIn(entries, 'keymaster-port');
  const fastbootPort = portIn(entries, 'fastboot-port');
  return {
    ...route,
    ...(keymasterPort === undefined ? {} : { keymasterPort }),
    ...(fastbootPort === undefined ? {} : { fastbootPort }),
  };
}

/** A virtual board's announcement carries `keymaster-port=N` and the like; several boards share one loopback address. */
function portIn(entries: readonly string[], name: 'keymaster-port' | 'fastboot-port'): number | undefined {
  const entry = entries.find(one => one.startsWith(`${name}=`));
  const port = Number(/=(\d{1,5})$/.exec(entry ?? '')?.[1]);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** The instance name is the board's host name; where two boards clash, avahi calls the second `name #2`. */
function nameOf(instance: string): string {
  return safeText(instance, MAX_NAME_LENGTH)
    .trim()
    .replace(/ #(\d+)$/, '-$1');
}
