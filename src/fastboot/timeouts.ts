/**
 * How long a board may be silent before it is given up, in milliseconds. INFO and TEXT from it start the time anew,
 * but a whole answer may take only ten times as long.
 */
export interface FastbootTimeouts {
  /** For an answer; AOSP's value by default. */
  readonly responseMs: number;
  /** For the end of an erase: eMMC of some boards takes minutes. */
  readonly eraseMs: number;
  /** For the end of writing what was downloaded. */
  readonly flashMs: number;
  /** For one packet of data to leave or to come. */
  readonly dataMs: number;
}

export const DEFAULT_TIMEOUTS: FastbootTimeouts = {
  responseMs: 30_000,
  eraseMs: 600_000,
  flashMs: 600_000,
  dataMs: 30_000,
};
