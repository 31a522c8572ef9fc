import { systemClock, type Clock } from '../time/clock.js';
import { onAbort } from '../time/deadline.js';
import type { Sighting } from './sighting.js';
import type { DiscoverySource, Report, SourceContext } from './source.js';

export interface CollectorOptions {
  readonly mode: SourceContext['mode'];
  readonly signal?: AbortSignal | undefined;
  /** Each text is told once. */
  readonly onWarning?: ((text: string) => void) | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** Runs sources side by side, keeps what each last told, and ends them all when it is disposed of. */
export class Collector implements AsyncDisposable {
  readonly #ending = new AbortController();
  readonly #reports = new Map<DiscoverySource, Report>();
  readonly #warned = new Set<string>();
  readonly #lacks: string[] = [];
  readonly #options: CollectorOptions;
  readonly #clock: Clock;
  readonly #stopListening: () => void;
  readonly #runs: Promise<void>[];
  #running: number;
  #hasNews = false;
  #wake: (() => void) | undefined;

  constructor(sources: readonly DiscoverySource[], options: CollectorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#running = sources.length;
    this.#stopListening = onAbort(options.signal, () => {
      this.#ending.abort();
      this.#wake?.();
    });
    this.#runs = sources.map(source => this.#run(source));
  }

  get sightings(): Sighting[] {
    return [...this.#reports.values()].flatMap(report => report.sightings);
  }

  /** Time of the clock until which some source expects more. */
  get pendingUntil(): number {
    return Math.max(0, ...[...this.#reports.values()].map(report => report.pendingUntil));
  }

  /** Whether no source can tell anything more. */
  isFinished(): boolean {
    return this.#running === 0 || this.#ending.signal.aborted;
  }

  /**
   * Resolves when a source reports, all have ended, `until` (of the clock) has come, or the signal aborts: with whether a
   * source has reported.
   */
  async next(until: number): Promise<boolean> {
    if (!this.#hasNews && !this.isFinished()) {
      let cancel = (): void => undefined;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
        if (until < Infinity) cancel = this.#clock.after(until - this.#clock.now(), resolve);
      });
      cancel();
      this.#wake = undefined;
    }
    const hadNews = this.#hasNews;
    this.#hasNews = false;
    return hadNews;
  }

  /** To be called when a search has found nothing. */
  tellLacks(): void {
    for (const text of this.#lacks) this.#warn(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening();
    this.#ending.abort();
    await Promise.all(this.#runs);
  }

  async #run(source: DiscoverySource): Promise<void> {
    const { signal } = this.#ending;
    const { mode } = this.#options;
    const warn = (text: string): void => {
      this.#warn(text);
    };
    const lack = (text: string): void => {
      if (mode === 'watch') this.#warn(text);
      else this.#lacks.push(text);
    };
    const report = (told: Report): void => {
      if (signal.aborted) return;
      this.#reports.set(source, told);
      this.#tell();
    };
    try {
      await source.run({ signal, mode, clock: this.#clock, report, warn, lack });
    } catch (error) {
      if (!signal.aborted) warn(`Looking for boards by ${source.name} failed: ${String(error)}.`);
    }
    this.#running--;
    this.#tell();
  }

  #warn(text: string): void {
    if (!this.#warned.has(text)) this.#options.onWarning?.(text);
    this.#warned.add(text);
  }

  #tell(): void {
    this.#hasNews = true;
    this.#wake?.();
  }
}
