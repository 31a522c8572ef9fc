import { constants } from 'node:os';
import { AbortedError } from '../errors.js';

export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE';

/** The numbers that POSIX fixes; Windows has no number for SIGPIPE. */
const SIGNAL_NUMBERS: Record<EndingSignal, number> = { SIGHUP: 1, SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 };

/** The command was ended by a signal, or by the reader of its output going away. */
export class Interruption extends AbortedError {
  readonly signal: EndingSignal;

  constructor(signal: EndingSignal) {
    super({ facts: { signal } });
    this.signal = signal;
  }

  override get exitCode(): number {
    return 128 + SIGNAL_NUMBERS[this.signal];
  }
}

/** Exit code for a remote program that died of `signal` (its name without SIG), as shells give it: 128 + number. */
export function exitCodeOfSignal(signal: string): number {
  const number = (constants.signals as Partial<Record<string, number>>)[`SIG${signal}`];
  return number === undefined ? 255 : 128 + number;
}
