import { isRunning, type Device } from '../device/device.js';
import { matchesSelector, type DeviceSelector } from '../device/selector.js';

export interface SearchTerms {
  /** This and all other times are of the search's clock, in milliseconds. */
  readonly startedAt: number;
  /** Default 10 s, but 2 s while nothing at all has been found and no board is `wanted`. */
  readonly timeoutMs?: number | undefined;
  readonly wanted?: DeviceSelector | undefined;
  /** Boards that are known to exist. */
  readonly known?: readonly { readonly name: string }[] | undefined;
}

export interface SearchState {
  readonly now: number;
  readonly devices: readonly Device[];
  /** Until when something is on its way; in the past if nothing is. */
  readonly pendingUntil: number;
}

const LONGEST_MS = 10_000;
const LONGEST_IN_VAIN_MS = 2000;
/** Answers come within 120 ms of a question (RFC 6762 section 6); the floor leaves room for a slow board's own time. */
const FLOOR_MS = 180;
/**
 * A board that is known to exist is waited for longer: asleep on Wi-Fi it hears a question up to 0.3 s later. So is any
 * board where only consoles and bootloaders were found, which are seen at once.
 */
const MISSING_FLOOR_MS = 500;
const QUIET_MS = 150;
/** For the wanted board's other routes, whose answers are on their way, and for a second board that matches too. */
const SETTLE_MS = 15;

/** Decides when a search has found what there is to find. */
export class SearchEnd {
  readonly #terms: SearchTerms;
  #lastNewsAt: number;
  #matchedAt: number | undefined;
  #found = '[]';

  constructor(terms: SearchTerms) {
    this.#terms = terms;
    this.#lastNewsAt = terms.startedAt;
  }

  /** When the search ends if nothing else happens; to be called with each new state. */
  at({ now, devices, pendingUntil }: SearchState): number {
    const found = JSON.stringify(devices);
    if (found !== this.#found) this.#lastNewsAt = now;
    this.#found = found;
    const { startedAt, wanted, timeoutMs } = this.#terms;
    const latest = startedAt + (timeoutMs ?? LONGEST_MS);
    if (wanted) {
      const matching = devices.filter(device => matchesSelector(device, wanted));
      if (matching.some(device => !isSilent(device))) this.#matchedAt ??= now;
      if (this.#matchedAt !== undefined) return Math.min(latest, this.#matchedAt + SETTLE_MS);
      const mayEnd = matching.some(device => !isComingUp(device));
      return mayEnd ? Math.min(latest, Math.max(startedAt + MISSING_FLOOR_MS, pendingUntil)) : latest;
    }
    if (devices.length === 0) return startedAt + (timeoutMs ?? LONGEST_IN_VAIN_MS);
    const floorMs = this.#isMissing(devices) ? MISSING_FLOOR_MS : FLOOR_MS;
    return Math.min(latest, Math.max(startedAt + floorMs, this.#lastNewsAt + QUIET_MS, pendingUntil));
  }

  #isMissing(devices: readonly Device[]): boolean {
    if (!devices.some(isRunning)) return true;
    const found = new Set(devices.map(device => device.name.toLowerCase()));
    return (this.#terms.known ?? []).some(board => !found.has(board.name.toLowerCase()));
  }
}

/** Only Mendel gives its USB device a name: its console is there before its network is. */
function isComingUp(device: Device): boolean {
  return isSilent(device) && device.name !== '';
}

/** Neither its system nor its bootloader has been seen, and may be yet. */
function isSilent(device: Device): boolean {
  return !isRunning(device) && device.state !== 'fastboot';
}
