/** Takes back a wait of a clock. Calling it again, or after the wait has ended, does nothing. */
export type CancelWait = () => void;

/** Where time comes from. Functions that wait accept one, so that their tests need not wait. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Calls `listener` once, in `ms` milliseconds. */
  after(ms: number, listener: () => void): CancelWait;
  /** Calls `listener` every `ms` milliseconds until it is cancelled. */
  every(ms: number, listener: () => void): CancelWait;
}

/** A wait that ends later than this was not late: the process was stopped, or the computer slept. */
const STOPPED_MS = 1000;
/** The longest wait of a timer; Node ends longer ones at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** The monotonic clock of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, listener) => new SystemWait(ms, listener).cancel,
  every: (ms, listener) => {
    const timer = setInterval(listener, ms);
    return () => {
      clearInterval(timer);
    };
  },
};

/**
 * A wait that gives answers a chance. Node runs timers before it reads from sockets, so an answer that came in time would
 * be too late on a busy host: the wait ends after one turn of the event loop. And a wait through which the process was
 * stopped (Ctrl-Z, a closed lid) begins again, once.
 */
class SystemWait {
  readonly #ms: number;
  readonly #listener: () => void;
  #timer: NodeJS.Timeout;
  #turn: NodeJS.Immediate | undefined;

  constructor(ms: number, listener: () => void) {
    this.#ms = Math.min(Math.max(ms, 0), MAX_TIMER_MS);
    this.#listener = listener;
    const dueAt = performance.now() + this.#ms;
    this.#timer = setTimeout(() => {
      if (performance.now() - dueAt < STOPPED_MS) this.#endSoon();
      else this.#timer = setTimeout(this.#endSoon, this.#ms);
    }, this.#ms);
  }

  readonly cancel = (): void => {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  };

  readonly #endSoon = (): void => {
    this.#turn = setImmediate(this.#listener);
  };
}
