import type { Destination, Placement } from './destination.js';
import type { RemoteItem } from './remote-items.js';

/** Where a push goes, as a survey of the board found it. */
export interface PushTarget extends Placement {
  /** All that is already at or below the roots, and the base under the empty path; by path relative to `base`. */
  readonly existing: ReadonlyMap<string, RemoteItem>;
  readonly freeBytes: number | undefined;
}

/** What a survey has to look for. */
export interface PushWish {
  readonly destination: Destination;
  /** Name of each source inside a folder; empty for `folder/.`. */
  readonly names: readonly string[];
}
