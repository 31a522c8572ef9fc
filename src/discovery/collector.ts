import { onAbort } from '../time/deadline.js';
import type { Sighting } from './sighting.js';
import { monotonicNow, type DiscoverySource, type Report, type SourceContext } from './source.js';

export interface CollectorOptions {
  readonly mode: SourceContext['mode'];
  readonly signal?: AbortSignal | undefined;
  /** Each text is told once. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** Runs sources side by side, keeps what each last told, and ends them all when it is disposed of. */
export class Collector implements AsyncDisposable {
  readonly #ending = new AbortController();
  readonly #reports = new Map<DiscoverySource, Report>();
  readonly #warned = new Set<string>();
  readonly #lacks: string[] = [];
  readonly #options: CollectorOptions;
  readonly #stopListening: () => void;
  readonly #runs: Promise<void>[];
  #running: number;
  #hasNews = false;
  #wake: (() => void) | undefined;

  constructor(sources: readonly DiscoverySource[], options: CollectorOptions) {
    this.#options = options;
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

  /** Time of the monotonic clock until which some source expects more. */
  get pendingUntil(): number {
    return Math.max(0, ...[...this.#reports.values()].map(report => report.pendingUntil));
  }

  /** Whether no source can tell anything more. */
  isFinished(): boolean {
    return this.#running === 0 || this.#ending.signal.aborted;
  }

  /** Resolves when a source reports, all have ended, `until` (monotonic clock) has come, or the signal aborts. */
  async next(until: number): Promise<void> {
    if (!this.#hasNews && !this.isFinished()) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
        if (until < Infinity) timer = setTimeout(resolve, Math.max(0, until - monotonicNow()));
      });
      clearTimeout(timer);
      this.#wake = undefined;
    }
    this.#hasNews = false;
  }

  /**
   * Whether more has come by now: on a busy host an answer may have been waiting in its socket for longer than the timer
   * that gives up on it, and timers go first.
   */
  async hasUnread(): Promise<boolean> {
    await new Promise(resolve => setImmediate(resolve));
    return this.#hasNews;
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
      await source.run({ signal, mode, report, warn, lack });
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
