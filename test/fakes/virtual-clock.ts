import type { CancelWait, Clock } from '../../src/time/clock.js';

interface Wait {
  dueAt: number;
  readonly everyMs?: number;
  readonly listener: () => void;
}

/** A clock that stands still until the test moves it on. */
export class VirtualClock implements Clock {
  readonly #waits = new Set<Wait>();
  #now: number;
  #onWait: (() => void)[] = [];

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, listener: () => void): CancelWait {
    return this.#add({ dueAt: this.#now + Math.max(ms, 0), listener });
  }

  every(ms: number, listener: () => void): CancelWait {
    return this.#add({ dueAt: this.#now + ms, everyMs: ms, listener });
  }

  /** How long each wait still has to go, shortest first. */
  get waits(): number[] {
    return [...this.#waits].map(wait => wait.dueAt - this.#now).sort((a, b) => a - b);
  }

  /** Resolves once at least `count` waits are running. */
  async waiting(count = 1): Promise<void> {
    while (this.#waits.size < count) {
      await new Promise<void>(resolve => {
        this.#onWait.push(resolve);
      });
    }
  }

  /** Moves on by `ms`, ends each wait that is due by then at its own time, and gives what follows from it its turn. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await turn();
    for (let next = this.#nextBy(until); next; next = this.#nextBy(until)) {
      this.#now = Math.max(this.#now, next.dueAt);
      if (next.everyMs === undefined) this.#waits.delete(next);
      else next.dueAt += next.everyMs;
      next.listener();
      await turn();
    }
    this.#now = until;
  }

  /** Waits until somebody waits, and moves on to the end of the shortest wait. */
  async advanceToNext(): Promise<void> {
    await this.waiting();
    await this.advance(this.waits[0] ?? 0);
  }

  #add(wait: Wait): CancelWait {
    this.#waits.add(wait);
    for (const resolve of this.#onWait.splice(0)) resolve();
    return () => {
      this.#waits.delete(wait);
    };
  }

  #nextBy(until: number): Wait | undefined {
    const [first] = [...this.#waits].filter(wait => wait.dueAt <= until).sort((a, b) => a.dueAt - b.dueAt);
    return first;
  }
}

/** Runs what is ready to run: promises that have settled, and packets and data that have arrived. */
async function turn(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}
