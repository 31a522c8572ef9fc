import type { SshSession } from '../ssh/session.js';
import type { BatchPrograms } from './batch-programs.js';
import type { LinkGauge } from './link-gauge.js';
import type { Meter } from './meter.js';
import type { Tally } from './tally.js';

/** What all parts of one push share. */
export interface PushContext {
  readonly session: SshSession;
  /** What receives archives on the board. */
  readonly programs: BatchPrograms;
  /** Absolute path of the folder that targets are relative to. */
  readonly base: string;
  readonly checksum: boolean;
  readonly compress: boolean;
  readonly resume: boolean;
  readonly keepTimes: boolean;
  readonly stallTimeoutMs: number;
  /** When the push began, in seconds since 1970. */
  readonly nowS: number;
  readonly gauge: LinkGauge;
  readonly meter: Meter;
  readonly signal: AbortSignal | undefined;
  /** Folders whose time changed when something was put into them; relative to the base. */
  readonly touchedFolders: Set<string>;
  /** Hears of what is in place. */
  readonly tally: Tally;
}
