import type { SshSession } from '../ssh/session.js';
import type { BoardReader } from './board-reader.js';
import type { Meter } from './meter.js';
import type { LocalAttributes } from './local-write.js';
import type { PulledEntry } from './pull-plan.js';
import type { MissingFile } from './transfer.js';
import type { Tally } from './tally.js';

/** What all parts of one pull share. */
export interface PullContext {
  readonly session: SshSession;
  readonly reader: BoardReader;
  /** Folder of this host that targets are relative to. */
  readonly base: string;
  readonly checksum: boolean;
  readonly resume: boolean;
  readonly attributesOf: (entry: PulledEntry) => LocalAttributes;
  readonly stallTimeoutMs: number;
  readonly meter: Meter;
  readonly signal: AbortSignal | undefined;
  /** Files that are unchanged if they are as empty as they are stated to be. */
  readonly statedEmpty: ReadonlySet<PulledEntry>;
  /** Gets what could not be read. */
  readonly missing: MissingFile[];
  /** Counts what is in place. */
  readonly tally: Tally;
}
