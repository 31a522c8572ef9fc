import { routeHost, type SshRoute } from '../device/route.js';
import { AbortedError } from '../errors.js';
import { onAbort, throwIfAborted } from '../time/deadline.js';

/**
 * Tries routes as RFC 8305 (Happy Eyeballs) does: the next one starts when the one before has failed or has been
 * silent for `staggerMs`; the first that succeeds wins and the others are aborted.
 */
export interface RaceOptions<T> {
  readonly attempt: (route: SshRoute, signal: AbortSignal) => Promise<T>;
  /** Gives up a success that came second. */
  readonly discard: (value: T) => Promise<void>;
  /** Looks for more routes; called once, when the first ones have been silent for `staggerMs` or have all failed. */
  readonly more?: (signal: AbortSignal) => Promise<readonly SshRoute[]>;
  readonly staggerMs: number;
  readonly signal?: AbortSignal | undefined;
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
  #searched: boolean;
  #searchError: unknown;

  constructor(routes: readonly SshRoute[], options: RaceOptions<T>) {
    this.#options = options;
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
      this.#startNext();
      if (this.#pending.size === 0) {
        return { kind: 'lost', failures: this.#failures, searchError: this.#searchError };
      }
      const event = await this.#nextEvent();
      if (event.kind === 'won') return event;
      this.#take(event);
    }
  }

  /** Waits for what was aborted to end, and gives up successes that nobody wants. */
  async settle(): Promise<void> {
    for (const event of await Promise.all(this.#pending)) {
      if (event.kind === 'won') await this.#options.discard(event.value);
    }
  }

  #startNext(): void {
    const route = this.#queue.shift();
    if (route) this.#track(this.#attempt(route));
    else if (!this.#searched) this.#track(this.#search());
  }

  #track(event: Promise<Event<T>>): void {
    this.#pending.add(event);
  }

  async #attempt(route: SshRoute): Promise<Event<T>> {
    try {
      return { kind: 'won', route, value: await this.#options.attempt(route, this.#controller.signal) };
    } catch (error) {
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

  async #nextEvent(): Promise<Event<T>> {
    const waiting = [...this.#pending].map(async promise => ({ promise, event: await promise }));
    const silence = this.#queue.length > 0 || !this.#searched ? this.#silence() : undefined;
    try {
      const first = await Promise.race([...waiting, ...(silence ? [silence.promise] : [])]);
      if ('promise' in first) this.#pending.delete(first.promise);
      return first.event;
    } finally {
      silence?.cancel();
    }
  }

  #silence(): { promise: Promise<{ event: Event<T> }>; cancel: () => void } {
    let timer: NodeJS.Timeout | undefined;
    const promise = new Promise<{ event: Event<T> }>(resolve => {
      timer = setTimeout(() => {
        resolve({ event: { kind: 'silence' } });
      }, this.#options.staggerMs);
    });
    return {
      promise,
      cancel: () => {
        clearTimeout(timer);
      },
    };
  }

  #take(event: Exclude<Event<T>, { kind: 'won' }>): void {
    if (event.kind === 'failed') this.#failures.push(event.failure);
    if (event.kind === 'search-failed') this.#searchError = event.error;
    if (event.kind !== 'found') return;
    for (const route of event.routes) {
      if (this.#seen.has(routeKey(route))) continue;
      this.#seen.add(routeKey(route));
      this.#queue.push(route);
    }
  }
}

/** Equal for routes that lead to the same socket. */
export function routeKey(route: SshRoute): string {
  return `${routeHost(route)} ${String(route.port)}`;
}
