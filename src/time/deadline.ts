import { AbortedError, TimeoutError } from '../errors.js';
import { systemClock, type Clock } from './clock.js';

/** A time limit, and what its error says. */
export interface Deadline {
  /** What is being done, as it reads after "Timed out while …". */
  readonly operation: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** One sentence for the user when the time is up. */
  readonly hint?: string | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

/**
 * Runs `work` with a signal that aborts at the deadline or with the caller's own signal.
 * Throws TimeoutError at the deadline and AbortedError when the caller aborts, even if `work` ignores its signal.
 */
export async function withDeadline<T>(deadline: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  throwIfAborted(deadline.signal);
  const controller = new AbortController();
  let cancel = (): void => undefined;
  let stopListening = (): void => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    const end = (error: Error): void => {
      controller.abort(error);
      reject(error);
    };
    cancel = (deadline.clock ?? systemClock).after(deadline.timeoutMs, () => {
      end(new TimeoutError(deadline.operation, deadline.timeoutMs, { hint: deadline.hint }));
    });
    stopListening = onAbort(deadline.signal, () => {
      end(new AbortedError({ cause: deadline.signal?.reason }));
    });
  });
  try {
    return await Promise.race([work(controller.signal), ended]);
  } finally {
    cancel();
    stopListening();
  }
}

/** Calls `listener` once when `signal` aborts (at once if it has already); returns what takes the listener off again. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal) return () => undefined;
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  signal.addEventListener('abort', listener, { once: true });
  return () => {
    signal.removeEventListener('abort', listener);
  };
}

/** Throws AbortedError (or the MdtError that the signal carries as its reason) if `signal` has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  if (signal.reason instanceof AbortedError || signal.reason instanceof TimeoutError) throw signal.reason;
  throw new AbortedError({ cause: signal.reason });
}

/** Resolves after `ms`; rejects with AbortedError as soon as `signal` aborts. */
export async function pause(ms: number, signal?: AbortSignal, clock: Clock = systemClock): Promise<void> {
  throwIfAborted(signal);
  await new Promise<void>((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      stopListening();
      resolve();
    });
    const stopListening = onAbort(signal, () => {
      cancel();
      reject(new AbortedError({ cause: signal?.reason }));
    });
  });
}
