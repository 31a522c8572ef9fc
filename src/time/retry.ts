import type { Clock } from './clock.js';
import { pause, throwIfAborted } from './deadline.js';

export interface RetryOptions {
  /** Pause between two tries, in milliseconds. */
  readonly intervalMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

/**
 * Calls `attempt` until it returns something other than undefined, pausing between the tries.
 * It has no end of its own: run it inside `withDeadline`. What `attempt` throws ends it.
 */
export async function until<T>(options: RetryOptions, attempt: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    throwIfAborted(options.signal);
    const result = await attempt();
    if (result !== undefined) return result;
    await pause(options.intervalMs, options.signal, options.clock);
  }
}
