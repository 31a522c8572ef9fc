import type { SshSession } from '../ssh/session.js';
import type { LinkGauge } from './link-gauge.js';
import type { Meter } from './meter.js';
import type { PlannedEntry } from './push-plan.js';

/** What all parts of one push share. */
export interface PushContext {
  readonly session: SshSession;
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
  /** Says that an entry is in place on the board. */
  readonly placed: (entry: PlannedEntry) => void;
  /** Says how many bytes of an earlier transfer did not have to be sent again. */
  readonly resumed: (bytes: number) => void;
}
