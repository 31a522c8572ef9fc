import { AbortedError, TimeoutError } from '../errors.js';
import { systemClock, type Clock } from './clock.js';
import { onAbort, throwIfAborted } from './deadline.js';

export interface StallOptions {
  /** As it reads after "Timed out while …". */
  readonly operation: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly hint?: string | undefined;
  /** How long `work` may go on tidying up after it was told to end; default not at all. */
  readonly tidyMs?: number;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

export interface StallWatch {
  /** Aborts when nothing has moved for too long, or when the caller aborts. */
  readonly signal: AbortSignal;
  /** Says that something has moved. */
  readonly moved: () => void;
  /** Waits for work that has a deadline of its own and shows nothing until it is done; meanwhile nothing need move. */
  readonly during: <T>(bounded: Promise<T>) => Promise<T>;
}

/**
 * Runs `work` for as long as it moves: throws TimeoutError once `timeoutMs` pass without a call of `moved`, and
 * AbortedError when the caller aborts, even if `work` ignores its signal.
 */
export async function withStallWatch<T>(options: StallOptions, work: (watch: StallWatch) => Promise<T>): Promise<T> {
  throwIfAborted(options.signal);
  const { clock = systemClock, timeoutMs } = options;
  const controller = new AbortController();
  const movement = new Movement(clock);
  let cancel = (): void => undefined;
  let stopListening = (): void => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    const end = (error: Error): void => {
      cancel();
      controller.abort(error);
      cancel = clock.after(options.tidyMs ?? 0, () => {
        reject(error);
      });
    };
    const check = (): void => {
      const leftMs = timeoutMs - movement.stillMs;
      if (leftMs > 0) cancel = clock.after(leftMs, check);
      else end(new TimeoutError(options.operation, timeoutMs, { hint: options.hint }));
    };
    check();
    stopListening = onAbort(options.signal, () => {
      end(new AbortedError({ cause: options.signal?.reason }));
    });
  });
  const { moved, during } = movement;
  try {
    // What ended the work is the reason, not what the work came to on its way out.
    const ending = work({ signal: controller.signal, moved, during }).finally(() => {
      controller.signal.throwIfAborted();
    });
    return await Promise.race([ending, ended]);
  } finally {
    cancel();
    stopListening();
  }
}

/** When something moved last; work that ends in time on its own counts as movement for as long as it runs. */
class Movement {
  readonly #clock: Clock;
  #movedAt: number;
  #bounded = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#movedAt = clock.now();
  }

  /** For how long nothing has moved. */
  get stillMs(): number {
    return this.#bounded > 0 ? 0 : this.#clock.now() - this.#movedAt;
  }

  readonly moved = (): void => {
    this.#movedAt = this.#clock.now();
  };

  readonly during = async <T>(work: Promise<T>): Promise<T> => {
    this.#bounded++;
    try {
      return await work;
    } finally {
      this.#bounded--;
      this.moved();
    }
  };
}
