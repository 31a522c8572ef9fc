/** Rate over this long, so that it follows a link that changes without jumping at every packet. */
const WINDOW_MS = 3000;
const LEAST_MS = 200;

interface Sample {
  readonly atMs: number;
  readonly done: number;
}

/** How fast a count grows, from its last few seconds. Waiting for the other side is no part of them. */
export class Rate {
  /** On a clock that stands still while the other side works. */
  #samples: Sample[] = [];
  #first: Sample | undefined;
  #waitingSinceMs: number | undefined;
  #waitedMs = 0;

  /** `isWaiting` where the count stands still until the next sample. A count that begins anew is another one. */
  add(atMs: number, done: number, isWaiting = false): void {
    if (this.#waitingSinceMs !== undefined) this.#waitedMs += atMs - this.#waitingSinceMs;
    this.#waitingSinceMs = isWaiting ? atMs : undefined;
    if (done < (this.#samples.at(-1)?.done ?? 0)) {
      this.#samples = [];
      this.#first = undefined;
      this.#waitedMs = 0;
    }
    this.#first ??= { atMs, done };
    const movingMs = atMs - this.#waitedMs;
    this.#samples.push({ atMs: movingMs, done });
    // Keep one sample older than the window: the rate is taken across the whole of it.
    while ((this.#samples[1]?.atMs ?? Infinity) < movingMs - WINDOW_MS) this.#samples.shift();
  }

  /** Units per second while the count grows; undefined until there is something to say. */
  get perSecond(): number | undefined {
    return perSecond(this.#samples[0], this.#samples.at(-1));
  }

  /** How long `count` more will take, the waiting included, as far as there was some; undefined if that is not known. */
  remainingMs(count: number): number | undefined {
    const last = this.#samples.at(-1);
    const now = last && { atMs: last.atMs + this.#waitedMs, done: last.done };
    const rate = this.#waitedMs === 0 ? this.perSecond : perSecond(this.#first, now);
    return rate === undefined || rate <= 0 ? undefined : (count / rate) * 1000;
  }
}

function perSecond(from: Sample | undefined, to: Sample | undefined): number | undefined {
  if (!from || !to || to.atMs - from.atMs < LEAST_MS) return undefined;
  return ((to.done - from.done) / (to.atMs - from.atMs)) * 1000;
}
