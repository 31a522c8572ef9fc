import { routeHost, type SshRoute } from '../device/route.js';
import { AbortedError } from '../errors.js';
import { onAbort, pause, throwIfAborted } from '../time/deadline.js';
import { Backoff, type RetryPolicy } from './backoff.js';

/**
 * Tries routes as RFC 8305 (Happy Eyeballs) does: the next one starts when the one before has failed or has been
 * silent for `staggerMs`. The first that is greeted leads: no more are started, and those that are greeted later wait.
 * When the leader succeeds the others are aborted; when it fails, the next one leads.
 */
export interface RaceOptions<T> {
  readonly attempt: (route: SshRoute, control: AttemptControl) => Promise<T>;
  /** Gives up a success that came second. */
  readonly discard: (value: T) => Promise<void>;
  /** Looks for more routes; called once, when the first ones have been silent for `staggerMs` or have all failed. */
  readonly more?: (signal: AbortSignal) => Promise<readonly SshRoute[]>;
  readonly staggerMs: number;
  /** Errors that no other route will cure: the race is lost at once. Default: none. */
  readonly isFinal?: (error: unknown) => boolean;
  /** Errors after which the same route is tried again, one at a time, with growing pauses. Default: none. */
  readonly retry?: RetryPolicy | undefined;
  /** For tests of time; default: real time. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

export interface AttemptControl {
  readonly signal: AbortSignal;
  /** To be called when the other side has greeted; resolves when this attempt may go on, rejects when it is aborted. */
  readonly onGreeting: () => Promise<void>;
}

/** How every route that did not win ended. */
export interface RaceFailure {
  readonly route: SshRoute;
  readonly error: unknown;
}

export type RaceResult<T> =
  | { readonly kind: 'won'; readonly route: SshRoute; readonly value: T }
  | { readonly kind: 'lost'; readonly failures: readonly RaceFailure[]; readonly searchError?: unknown };

type Event<T> =
  | { readonly kind: 'won'; readonly route: SshRoute; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: RaceFailure }
  | { readonly kind: 'found'; readonly routes: readonly SshRoute[] }
  | { readonly kind: 'search-failed'; readonly error: unknown }
  | { readonly kind: 'silence' };

/** @throws AbortedError if the caller's signal ends it; every other failure is in the result. */
export async function race<T>(routes: readonly SshRoute[], options: RaceOptions<T>): Promise<RaceResult<T>> {
  throwIfAborted(options.signal);
  const running = new Race(routes, options);
  const stopListening = onAbort(options.signal, () => {
    running.stop();
  });
  try {
    return await running.result();
  } finally {
    stopListening();
    running.stop();
    await running.settle();
  }
}

class Race<T> {
  readonly #options: RaceOptions<T>;
  readonly #controller = new AbortController();
  readonly #queue: SshRoute[];
  readonly #seen: Set<string>;
  readonly #pending = new Set<Promise<Event<T>>>();
  readonly #failures: RaceFailure[] = [];
  readonly #greeted = new Queue();
  readonly #backoff: Backoff;
  #searched: boolean;
  #searchError: unknown;

  constructor(routes: readonly SshRoute[], options: RaceOptions<T>) {
    this.#options = options;
    this.#backoff = new Backoff(options.retry);
    this.#queue = [...routes];
    this.#seen = new Set(routes.map(routeKey));
    this.#searched = options.more === undefined;
  }

  stop(): void {
    this.#controller.abort(new AbortedError());
  }

  async result(): Promise<RaceResult<T>> {
    for (;;) {
      throwIfAborted(this.#options.signal);
      if (this.#mayStart) this.#startNext();
      const isWaiting = this.#backoff.isWaiting && this.#queue.length > 0;
      if (this.#pending.size === 0 && !isWaiting) return this.#lost();
      const event = await this.#nextEvent();
      if (event.kind === 'won') return event;
      if (event.kind === 'failed' && this.#options.isFinal?.(event.failure.error) === true) {
        this.#failures.unshift(event.failure);
        return this.#lost();
      }
      this.#take(event);
    }
  }

  /** Waits for what was aborted to end, and gives up successes that nobody wants. */
  async settle(): Promise<void> {
    for (const event of await Promise.all(this.#pending)) {
      if (event.kind === 'won') await this.#options.discard(event.value);
    }
  }

  get #mayStart(): boolean {
    return !this.#greeted.hasLeader && !this.#backoff.isWaiting;
  }

  #lost(): RaceResult<T> {
    return { kind: 'lost', failures: this.#failures, searchError: this.#searchError };
  }

  #startNext(): void {
    const route = this.#queue.shift();
    if (route) this.#pending.add(this.#attempt(route));
    else if (!this.#searched) this.#pending.add(this.#search());
  }

  async #attempt(route: SshRoute): Promise<Event<T>> {
    const { signal } = this.#controller;
    const place = this.#greeted.newPlace();
    try {
      const value = await this.#options.attempt(route, { signal, onGreeting: () => place.wait(signal) });
      return { kind: 'won', route, value };
    } catch (error) {
      place.leave();
      return { kind: 'failed', failure: { route, error } };
    }
  }

  async #search(): Promise<Event<T>> {
    this.#searched = true;
    try {
      return { kind: 'found', routes: (await this.#options.more?.(this.#controller.signal)) ?? [] };
    } catch (error) {
      return { kind: 'search-failed', error };
    }
  }

  /** What happens next, or the silence after which the next route is started. */
  async #nextEvent(): Promise<Event<T>> {
    const waiting = [...this.#pending].map(async promise => ({ promise, event: await promise }));
    const cancel = new AbortController();
    const silence = this.#silence(cancel.signal);
    try {
      const first = await Promise.race([...waiting, ...(silence ? [silence] : [])]);
      if ('promise' in first) this.#pending.delete(first.promise);
      return first.event;
    } finally {
      cancel.abort();
    }
  }

  #silence(cancelled: AbortSignal): Promise<{ event: Event<T> }> | undefined {
    const hasMore = this.#queue.length > 0 || !this.#searched;
    if (!hasMore || this.#greeted.hasLeader) return undefined;
    const signal = AbortSignal.any([cancelled, this.#controller.signal]);
    const ms = this.#backoff.waitMs ?? this.#options.staggerMs;
    // Whether it passed or was cut short, the loop looks again at what there is to do.
    const over = { event: { kind: 'silence' } as const };
    return (this.#options.pause ?? pause)(ms, signal).then(
      () => over,
      () => over,
    );
  }

  #take(event: Exclude<Event<T>, { kind: 'won' }>): void {
    switch (event.kind) {
      case 'silence':
        this.#backoff.passed();
        break;
      case 'failed':
        if (!this.#backoff.begin(event.failure.error)) {
          this.#failures.push(event.failure);
          break;
        }
        this.#queue.push(event.failure.route);
        // Meanwhile another place may be found.
        if (!this.#searched) this.#pending.add(this.#search());
        break;
      case 'search-failed':
        this.#searchError = event.error;
        break;
      case 'found':
        this.#add(event.routes);
    }
  }

  #add(routes: readonly SshRoute[]): void {
    for (const route of routes) {
      if (this.#seen.has(routeKey(route))) continue;
      this.#seen.add(routeKey(route));
      this.#queue.push(route);
    }
  }
}

/** Those that were greeted, in order; the first leads. */
class Queue {
  readonly #places: { readonly lead: () => void }[] = [];

  get hasLeader(): boolean {
    return this.#places.length > 0;
  }

  newPlace(): { wait(signal: AbortSignal): Promise<void>; leave(): void } {
    let place: { readonly lead: () => void } | undefined;
    return {
      wait: async signal => {
        throwIfAborted(signal);
        await new Promise<void>((resolve, reject) => {
          place = { lead: resolve };
          this.#places.push(place);
          if (this.#places[0] === place) resolve();
          onAbort(signal, () => {
            reject(new AbortedError({ cause: signal.reason }));
          });
        });
      },
      leave: () => {
        const index = place ? this.#places.indexOf(place) : -1;
        if (index >= 0) this.#places.splice(index, 1);
        this.#places[0]?.lead();
      },
    };
  }
}

/** Equal for routes that lead to the same socket. */
export function routeKey(route: SshRoute): string {
  return `${routeHost(route)} ${String(route.port)}`;
}
