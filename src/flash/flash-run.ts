import type { ReadyBoard } from '../bootloader/wait-for-fastboot.js';
import type { BoardMessage } from '../fastboot/exchange.js';
import type { FastbootTimeouts } from '../fastboot/timeouts.js';
import type { LongOperation } from '../time/progress.js';
import type { InspectedImage } from './inspect.js';
import type { FlashJournal, FlashRecord } from './journal.js';
import type { FlashPlan, FlashStep } from './plan.js';

/** One board being flashed, from the first step that is left to the last. */
export interface FlashRun {
  readonly plan: FlashPlan;
  readonly images: ReadonlyMap<string, InspectedImage>;
  readonly journal: FlashJournal;
  /** Where to begin: at its `completed`. */
  readonly record: FlashRecord;
  readonly serialNumber?: string | undefined;
  /** Serial console of the board, if it is known. */
  readonly console?: string | undefined;
  readonly settings: RunSettings;
}

export interface RunSettings {
  /** What differs from the defaults of fastboot. */
  readonly timeouts?: Partial<FastbootTimeouts> | undefined;
  /** Longest that a board may take to come back into fastboot; default 60 s. */
  readonly returnTimeoutMs?: number | undefined;
  /** Hears what the bootloader says. */
  readonly onMessage?: ((message: BoardMessage) => void) | undefined;
}

/** What a step of it is given. */
export interface Work {
  readonly ready: ReadyBoard;
  readonly operation: LongOperation;
  /** Called before the board is told to change what it holds. */
  readonly onWriting: () => void;
  /** The steps that follow. */
  readonly left: readonly FlashStep[];
}
