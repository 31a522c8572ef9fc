import { SERVICE, type MdnsQuestion, type MdnsRecord } from './mdns.js';

/** A board as one interface announces it, complete enough to be reached. */
export interface Announcement {
  /** Name of the service instance as sent, without the service: not yet safe to print. */
  readonly instance: string;
  readonly port: number;
  readonly addresses: readonly string[];
  /** TXT entries as sent. */
  readonly entries: readonly string[];
}

export interface Arrival {
  /** Milliseconds of the search's clock. */
  readonly now: number;
  /**
   * `unicast`: came to the port that asked. Lifetimes are then capped at 10 s (RFC 6762 section 6.7), which says nothing
   * about how long the record really lives: they never shorten what is known.
   * `multicast`: told to everybody on this interface.
   * `unclear`: told to everybody, perhaps on another interface with the same network: only about what is known here.
   */
  readonly via: 'unicast' | 'multicast' | 'unclear';
}

export interface MissingRecord {
  readonly question: MdnsQuestion;
  /** When the instance that needs it was first seen. */
  readonly since: number;
}

interface Entry<Kind extends MdnsRecord = MdnsRecord> {
  readonly record: Kind;
  readonly firstSeenAt: number;
  readonly receivedAt: number;
  expiresAt: number;
  /** How many of the questions at REFRESH_SHARES have been taken. */
  refreshes: number;
}

type RecordType = MdnsRecord['type'];
type RecordOf<Type extends RecordType> = Extract<MdnsRecord, { readonly type: Type }>;

/** Records under one name and type: boards on one interface, addresses of one board. */
const MAX_RECORDS: Readonly<Record<RecordType, number>> = { PTR: 256, SRV: 2, TXT: 2, A: 4, AAAA: 8 };
const MAX_NAMES = 2048;
const MAX_TTL_SECONDS = 86_400;
/** A goodbye takes effect after this long, so that another responder can contradict it (RFC 6762 section 10.1 gives it a second). */
const GOODBYE_GRACE_MS = 250;
const SWEEP_PAUSE_MS = 100;
/** What is older than this is replaced by a record with the flush bit (RFC 6762 section 10.2). */
const FLUSH_AGE_MS = 1000;
/** Shares of a lifetime after which to ask again (RFC 6762 section 5.2). */
const REFRESH_SHARES = [0.8, 0.85, 0.9, 0.95];
/** So that an answer is whole: an SRV is taken only for an instance that is pointed at, an address only for its host. */
const ORDER: readonly RecordType[] = ['PTR', 'SRV', 'TXT', 'A', 'AAAA'];

/** What one interface has announced, by the rules of RFC 6762 section 10; bounded whatever is sent. */
export class MdnsCache {
  readonly #sets = new Map<string, Map<string, Entry>>();
  /** Hosts that an SRV of ours names; addresses of others are not kept. */
  readonly #hosts = new Set<string>();
  #nextSweepAt = -Infinity;

  /** Returns whether there was something that was not known. */
  add(records: readonly MdnsRecord[], arrival: Arrival): boolean {
    this.#sweep(arrival.now);
    let isNew = false;
    for (const type of ORDER) {
      const ofType = records.filter(record => record.type === type && this.#concernsUs(record));
      for (const record of ofType) if (record.flush) this.#flush(record, arrival.now);
      for (const record of ofType) if (this.#store(record, arrival)) isNew = true;
    }
    return isNew;
  }

  /** Boards that can be reached: pointed at, with a port and at least one address, none of it expired. */
  announcements(now: number): Announcement[] {
    return this.#live('PTR', SERVICE, now).flatMap(({ record: { target: name } }) => {
      const service = this.#service(name, now);
      if (!service || !isPort(service.port)) return [];
      const addresses = this.#addresses(service.target, now);
      if (addresses.length === 0) return [];
      const entries = newest(this.#live('TXT', name, now))?.record.entries ?? [];
      return [{ instance: instanceOf(name), port: service.port, addresses, entries }];
    });
  }

  /** What to ask for because a board is announced but cannot be reached yet. */
  missing(now: number): MissingRecord[] {
    return this.#live('PTR', SERVICE, now).flatMap(({ record: { target: name }, firstSeenAt: since }) => {
      const ask = (subject: string, ...types: RecordType[]): MissingRecord[] =>
        types.map(type => ({ question: { name: subject, type }, since }));
      const service = this.#service(name, now);
      if (!service) return ask(name, 'SRV', 'TXT');
      if (!isPort(service.port) || this.#addresses(service.target, now).length > 0) return [];
      return ask(service.target, 'A', 'AAAA');
    });
  }

  /** Questions that keep alive what is near the end of its life; each is handed out once for each share of it. */
  takeRefreshes(now: number): MdnsQuestion[] {
    const questions = new Map<string, MdnsQuestion>();
    for (const [key, set] of this.#sets) {
      for (const entry of set.values()) {
        if (refreshAt(entry) > now) continue;
        while (refreshAt(entry) <= now) entry.refreshes++;
        questions.set(key, { name: entry.record.name, type: entry.record.type });
      }
    }
    return [...questions.values()];
  }

  /** When something expires or wants to be refreshed next; Infinity if nothing is known. */
  nextEventAt(): number {
    const entries = [...this.#sets.values()].flatMap(set => [...set.values()]);
    return Math.min(...entries.map(entry => Math.min(entry.expiresAt, refreshAt(entry))));
  }

  #service(name: string, now: number): RecordOf<'SRV'> | undefined {
    return newest(this.#live('SRV', name, now))?.record;
  }

  #addresses(host: string, now: number): string[] {
    return [...this.#live('A', host, now), ...this.#live('AAAA', host, now)].map(({ record }) => record.address);
  }

  #live<Type extends RecordType>(type: Type, name: string, now: number): Entry<RecordOf<Type>>[] {
    const set = this.#sets.get(keyOf(type, name)) ?? new Map<string, Entry>();
    // A set holds records of the type in its key only.
    return [...set.values()].filter(entry => entry.expiresAt > now) as unknown as Entry<RecordOf<Type>>[];
  }

  #concernsUs(record: MdnsRecord): boolean {
    if (record.type === 'PTR') return record.name.toLowerCase() === SERVICE && instanceOf(record.target) !== '';
    if (record.type === 'A' || record.type === 'AAAA') return this.#hosts.has(record.name.toLowerCase());
    return this.#sets.get(keyOf('PTR', SERVICE))?.has(dataOf({ ...record, type: 'PTR', target: record.name })) ?? false;
  }

  /** Returns whether the record was not known. */
  #store(record: MdnsRecord, { now, via }: Arrival): boolean {
    const key = keyOf(record.type, record.name);
    const set = this.#sets.get(key) ?? new Map<string, Entry>();
    const before = set.get(dataOf(record));
    if (record.ttlSeconds === 0) {
      if (before) sayGoodbye(before, now);
      return false;
    }
    const expiresAt = now + Math.min(record.ttlSeconds, MAX_TTL_SECONDS) * 1000;
    if (before && via === 'unicast' && before.expiresAt > expiresAt) return false;
    if (!before && via === 'unclear') return true;
    if (!before && (set.size >= MAX_RECORDS[record.type] || this.#sets.size >= MAX_NAMES)) return false;
    const firstSeenAt = before?.firstSeenAt ?? now;
    set.set(dataOf(record), { record, firstSeenAt, receivedAt: now, expiresAt, refreshes: 0 });
    this.#sets.set(key, set);
    if (record.type === 'SRV') this.#hosts.add(record.target.toLowerCase());
    return !before;
  }

  #flush(record: MdnsRecord, now: number): void {
    for (const entry of this.#sets.get(keyOf(record.type, record.name))?.values() ?? []) {
      if (now - entry.receivedAt > FLUSH_AGE_MS) entry.expiresAt = Math.min(entry.expiresAt, now + FLUSH_AGE_MS);
    }
  }

  /** Now and then, so that a flood of packets does not make each of them dear. */
  #sweep(now: number): void {
    if (now < this.#nextSweepAt) return;
    this.#nextSweepAt = now + SWEEP_PAUSE_MS;
    this.#hosts.clear();
    for (const [key, set] of this.#sets) {
      for (const [data, entry] of set) if (entry.expiresAt <= now) set.delete(data);
      if (set.size === 0) this.#sets.delete(key);
      for (const { record } of set.values()) if (record.type === 'SRV') this.#hosts.add(record.target.toLowerCase());
    }
  }
}

function sayGoodbye(entry: Entry, now: number): void {
  entry.expiresAt = Math.min(entry.expiresAt, now + GOODBYE_GRACE_MS);
  entry.refreshes = REFRESH_SHARES.length;
}

function keyOf(type: RecordType, name: string): string {
  return `${type} ${name.toLowerCase()}`;
}

/** What makes a record the same record when it is sent again. */
function dataOf(record: MdnsRecord): string {
  switch (record.type) {
    case 'PTR':
      return record.target.toLowerCase();
    case 'SRV':
      return `${String(record.port)} ${record.target.toLowerCase()}`;
    case 'TXT':
      return record.entries.join('\0');
    case 'A':
    case 'AAAA':
      return record.address;
  }
}

/** The part of a service instance's full name before the service; empty if it is of another service. */
function instanceOf(name: string): string {
  return name.toLowerCase().endsWith(`.${SERVICE}`) ? name.slice(0, -SERVICE.length - 1) : '';
}

function newest<Kind extends MdnsRecord>(entries: readonly Entry<Kind>[]): Entry<Kind> | undefined {
  return entries.reduce<Entry<Kind> | undefined>(
    (best, entry) => (best && best.receivedAt > entry.receivedAt ? best : entry),
    undefined,
  );
}

function refreshAt(entry: Entry): number {
  const share = REFRESH_SHARES[entry.refreshes];
  return share === undefined ? Infinity : entry.receivedAt + (entry.expiresAt - entry.receivedAt) * share;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}
