import { isLinkLocalIpv6 } from '../device/route.js';
import type { Clock } from '../time/clock.js';
import { isOnLink, type Link } from './interfaces.js';
import { MdnsCache, type Arrival } from './mdns-cache.js';
import { MdnsSocket, type Family, type Role } from './mdns-socket.js';
import { decodeResponse, encodeQuestions, SERVICE, type MdnsQuestion } from './mdns.js';

export interface MdnsLinkOptions {
  readonly link: Link;
  /** Port of multicast DNS: 5353 but for tests. */
  readonly port: number;
  /** All interfaces of this moment, to tell whose neighbour a sender is. */
  readonly links: () => readonly Link[];
  readonly clock: Clock;
  /** What is known from before the interface changed. */
  readonly cache?: MdnsCache | undefined;
  /** What is known on this interface may have changed: `settle` is to be called soon. */
  readonly onNews: () => void;
}

const BOARDS: MdnsQuestion = { name: SERVICE, type: 'PTR' };
/**
 * Pauses between the first questions, at 0, 40, 250 and 1000 ms; from then on each pause is twice the one before (RFC
 * 6762 section 5.2). The one at 40 ms is left out where answers have come by unicast.
 */
const FIRST_PAUSES_MS = [40, 210, 750, 1000];
const ASK: readonly Role[] = ['ask'];
const LISTEN: readonly Role[] = ['listen'];
const BOTH: readonly Role[] = ['ask', 'listen'];
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 3_600_000;
/** Where announcements cannot be heard, boards that come later are found by asking alone. */
const LONGEST_DEAF_PAUSE_MS = 8000;
/** How often to ask for the missing parts of an answer, and how long they may hold up the search. */
const MAX_FOLLOW_UPS = 3;
const FOLLOW_UP_WINDOW_MS = 600;
/**
 * Where only answers to everybody come through, because a firewall keeps the others out, a board may be silent for up to
 * a second after it has told the same to somebody else (RFC 6762 section 6); the question at 1000 ms is then answered.
 */
const MULTICAST_ONLY_WINDOW_MS = 1200;
const MAX_QUESTIONS_AT_ONCE = 64;
/** Four names of 255 bytes fit into every link's packets. */
const QUESTIONS_PER_PACKET = 4;

/** Multicast DNS on one interface: asks, listens, remembers, asks again. */
export class MdnsLink implements Disposable {
  readonly link: Link;
  readonly cache: MdnsCache;
  readonly #options: MdnsLinkOptions;
  readonly #sockets = new Map<string, MdnsSocket>();
  readonly #failed = new Map<string, NodeJS.ErrnoException>();
  #hearsUnicast = false;
  #hearsMulticast = false;
  #hasNews = false;
  #followUps = new Map<string, number>();
  #round = 0;
  #startedAt = 0;
  #lastRoundAt = -Infinity;
  #nextRoundAt = Infinity;
  #cancelTimer = (): void => undefined;
  #closed = false;

  constructor(options: MdnsLinkOptions) {
    this.#options = options;
    this.link = options.link;
    this.cache = options.cache ?? new MdnsCache();
  }

  /** Opens the sockets that are not open yet, and begins to ask once one is. Call again to retry what failed. */
  async open(): Promise<void> {
    const families: Family[] = [];
    if (this.link.ipv4.length > 0) families.push('udp4');
    // Loopback has no multicast route for IPv6; virtual boards are announced by IPv4 there.
    if (this.link.ipv6.length > 0 && !this.link.loopback) families.push('udp6');
    const before = this.#sockets.size;
    await Promise.all(families.flatMap(family => [this.#openOne(family, 'ask'), this.#openOne(family, 'listen')]));
    if (this.#sockets.size > before) this.#startAsking();
  }

  /** Why this interface cannot be used, if no socket on it works. */
  get failure(): NodeJS.ErrnoException | undefined {
    return [...this.#sockets.keys()].every(key => this.#failed.has(key)) ? [...this.#failed.values()][0] : undefined;
  }

  /** Asks for what is missing in the packets that have come since the last call; once for all of them. */
  settle(): void {
    if (!this.#hasNews) return;
    this.#hasNews = false;
    this.#ask(this.#takeFollowUps(this.#options.clock.now(), 1), this.#hearsUnicast ? ASK : BOTH);
    this.#wake();
  }

  /** Until when an announced board may still become complete, or a silent one speak. */
  pendingUntil(now: number): number {
    const isMulticastOnly = this.#hearsMulticast && !this.#hearsUnicast;
    const silentUntil = isMulticastOnly ? this.#startedAt + MULTICAST_ONLY_WINDOW_MS : 0;
    return Math.max(silentUntil, ...this.cache.missing(now).map(({ since }) => since + FOLLOW_UP_WINDOW_MS));
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#cancelTimer();
    for (const socket of this.#sockets.values()) socket[Symbol.dispose]();
  }

  async #openOne(family: Family, role: Role): Promise<void> {
    const key = `${family} ${role}`;
    if (this.#sockets.has(key)) return;
    const place = { link: this.link, family, role, port: this.#options.port };
    try {
      const socket = await MdnsSocket.open(place, {
        onPacket: (packet, source) => {
          this.#receive(role, packet, source);
        },
        onError: error => {
          this.#failed.set(key, error);
          this.#options.onNews();
        },
      });
      this.#failed.delete(key);
      if (this.#closed) socket[Symbol.dispose]();
      else this.#sockets.set(key, socket);
    } catch (error) {
      // Only the system throws here.
      this.#failed.set(key, error as NodeJS.ErrnoException);
    }
  }

  #startAsking(): void {
    this.#round = 0;
    this.#startedAt = this.#nextRoundAt = this.#options.clock.now();
    this.#wake();
  }

  /** Does what is due and sets the timer for what is due next. */
  #wake(): void {
    if (this.#closed) return;
    const now = this.#options.clock.now();
    if (now >= this.#nextRoundAt) this.#askRound(now);
    this.#ask(this.cache.takeRefreshes(now), BOTH);
    this.#cancelTimer();
    const nextAt = Math.min(this.#nextRoundAt, this.cache.nextEventAt());
    // One millisecond later, so that what expires then has expired.
    this.#cancelTimer = this.#options.clock.after(Math.max(nextAt - now, 0) + 1, () => {
      this.#options.onNews();
      this.#wake();
    });
  }

  /**
   * From a port of its own each question is answered at once and to this host alone. From 5353 it is answered to all, up
   * to 120 ms later, which makes every board on the link hear every answer; but those answers carry their full lifetimes,
   * and pass firewalls that know multicast DNS only as port 5353. So the first question is asked in the first way alone.
   */
  #askRound(now: number): void {
    const round = this.#round++;
    this.#lastRoundAt = now;
    this.#nextRoundAt = now + this.#pauseMs(round);
    if (round === 0) this.#ask([BOARDS], ASK);
    else if (round > 1) this.#ask([BOARDS, ...this.#takeFollowUps(now, MAX_FOLLOW_UPS)], BOTH);
    else if (!this.#hearsUnicast) this.#ask([BOARDS], LISTEN);
  }

  /** Asks everybody again, but not more often than once a second (RFC 6762 section 5.2). */
  #askSoon(now: number): void {
    this.#nextRoundAt = Math.min(this.#nextRoundAt, Math.max(now, this.#lastRoundAt + SHORTEST_PAUSE_MS));
  }

  #pauseMs(round: number): number {
    const first = FIRST_PAUSES_MS[round];
    if (first !== undefined) return first;
    const isListening = [...this.#sockets.values()].some(({ place }) => place.role === 'listen');
    return Math.min(SHORTEST_PAUSE_MS * 2 ** (round - 3), isListening ? LONGEST_PAUSE_MS : LONGEST_DEAF_PAUSE_MS);
  }

  #receive(role: Role, packet: Buffer, source: string): void {
    // This host's own questions come back on every interface.
    const records = decodeResponse(packet);
    const via = records.length > 0 ? this.#viaOf(role, source) : undefined;
    if (via === undefined) return;
    const now = this.#options.clock.now();
    const isNew = this.cache.add(records, { now, via });
    if (isNew && via === 'unclear') this.#askSoon(now);
    if (via === 'unicast') this.#hearsUnicast = true;
    else if (isNew) this.#hearsMulticast = true;
    this.#hasNews = true;
    this.#options.onNews();
  }

  /** How a packet came here; undefined if it cannot be from this link (RFC 6762 section 11). */
  #viaOf(role: Role, source: string): Arrival['via'] | undefined {
    const [address = '', scope] = source.split('%');
    if (isLinkLocalIpv6(address) ? scope !== this.link.id : !isOnLink(this.link, address)) return undefined;
    if (role === 'ask') return 'unicast';
    if (isLinkLocalIpv6(address)) return 'multicast';
    return this.#options.links().filter(link => isOnLink(link, address)).length > 1 ? 'unclear' : 'multicast';
  }

  /** Questions for what is missing and was asked for less than `limit` times. */
  #takeFollowUps(now: number, limit: number): MdnsQuestion[] {
    const before = this.#followUps;
    this.#followUps = new Map();
    const questions: MdnsQuestion[] = [];
    for (const { question } of this.cache.missing(now)) {
      const key = `${question.type} ${question.name}`;
      const asked = before.get(key) ?? 0;
      if (asked < limit) questions.push(question);
      this.#followUps.set(key, asked < limit ? asked + 1 : asked);
    }
    return questions;
  }

  #ask(questions: readonly MdnsQuestion[], roles: readonly Role[]): void {
    const bounded = questions.slice(0, MAX_QUESTIONS_AT_ONCE);
    for (let start = 0; start < bounded.length; start += QUESTIONS_PER_PACKET) {
      const some = bounded.slice(start, start + QUESTIONS_PER_PACKET);
      for (const socket of this.#sockets.values()) {
        if (!roles.includes(socket.place.role)) continue;
        const packet = encodeQuestions(some, socket.place.role === 'ask');
        if (packet) socket.send(packet);
      }
    }
  }
}
