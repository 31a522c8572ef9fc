import { AbortedError, TimeoutError } from '../errors.js';
import { onAbort, throwIfAborted } from '../time/deadline.js';

export interface StallOptions {
  /** As it reads after "Timed out while …". */
  readonly operation: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly hint?: string | undefined;
  /** How long `work` may go on tidying up after it was told to end; default not at all. */
  readonly tidyMs?: number;
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
  const controller = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  let stopListening = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const bounded = new BoundedWork();
  const ended = new Promise<never>((_resolve, reject) => {
    const end = (error: Error): void => {
      controller.abort(error);
      timers.add(
        setTimeout(() => {
          reject(error);
        }, options.tidyMs ?? 0),
      );
    };
    timer = setTimeout(() => {
      if (bounded.isRunning) timer?.refresh();
      else end(new TimeoutError(options.operation, options.timeoutMs, { hint: options.hint }));
    }, options.timeoutMs);
    timers.add(timer);
    stopListening = onAbort(options.signal, () => {
      end(new AbortedError({ cause: options.signal?.reason }));
    });
  });
  const moved = (): void => {
    timer?.refresh();
  };
  try {
    // What ended the work is the reason, not what the work came to on its way out.
    const ending = work({ signal: controller.signal, moved, during: each => bounded.run(each).finally(moved) }).finally(
      () => {
        controller.signal.throwIfAborted();
      },
    );
    return await Promise.race([ending, ended]);
  } finally {
    for (const each of timers) clearTimeout(each);
    stopListening();
  }
}

/** Work that ends in time on its own. */
class BoundedWork {
  #running = 0;

  get isRunning(): boolean {
    return this.#running > 0;
  }

  async run<T>(work: Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await work;
    } finally {
      this.#running--;
    }
  }
}
