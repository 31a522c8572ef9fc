/** Rate over this long, so that it follows a link that changes without jumping at every packet. */
const WINDOW_MS = 3000;

/** How fast a count grows, from its last few seconds. */
export class Rate {
  readonly #samples: { readonly atMs: number; readonly done: number }[] = [];

  add(atMs: number, done: number): void {
    this.#samples.push({ atMs, done });
    // Keep one sample older than the window: the rate is taken across the whole of it.
    while ((this.#samples[1]?.atMs ?? Infinity) < atMs - WINDOW_MS) this.#samples.shift();
  }

  /** Units per second; undefined until there is something to say. */
  get perSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.atMs - first.atMs < 200) return undefined;
    return ((last.done - first.done) / (last.atMs - first.atMs)) * 1000;
  }
}
