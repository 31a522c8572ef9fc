import { setMaxListeners } from 'node:events';

/** A controller whose signal any number of programs may wait on, without Node's warning that eleven must be a leak. */
export function sharedController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Aborts with the first of these, for any number of programs. */
export function sharedAny(...signals: AbortSignal[]): AbortSignal {
  const signal = AbortSignal.any(signals);
  setMaxListeners(0, signal);
  return signal;
}
