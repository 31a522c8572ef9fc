/** When and for how long a route is tried again. */
export interface RetryPolicy {
  readonly isTemporary: (error: unknown) => boolean;
  /** Of all pauses together. */
  readonly totalMs: number;
  /** Hears of the first time. */
  readonly onRetry?: (error: unknown) => void;
  /** From 0 to 1; default: random, so that many clients do not come back together. */
  readonly random?: () => number;
}

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 3000;

/** Pauses between the tries of a server that turns connections away: each twice as long as the one before. */
export class Backoff {
  readonly #policy: RetryPolicy | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #spentMs = 0;
  #waitMs: number | undefined;

  constructor(policy: RetryPolicy | undefined) {
    this.#policy = policy;
  }

  get isWaiting(): boolean {
    return this.#waitMs !== undefined;
  }

  /** How long to wait before the next try; undefined where nothing is to be waited for. */
  get waitMs(): number | undefined {
    return this.#waitMs;
  }

  /** Whether the failed route is to be tried again after a pause. */
  begin(error: unknown): boolean {
    const policy = this.#policy;
    if (!policy || this.#spentMs >= policy.totalMs || !policy.isTemporary(error)) return false;
    if (this.#spentMs === 0) policy.onRetry?.(error);
    this.#waitMs = this.#pauseMs * (0.5 + (policy.random ?? Math.random)());
    this.#spentMs += this.#waitMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
    return true;
  }

  passed(): void {
    this.#waitMs = undefined;
  }
}
