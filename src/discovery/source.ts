import type { Clock } from '../time/clock.js';
import type { Sighting } from './sighting.js';

/** What a source knows at one moment; it replaces what the source has told before. */
export interface Report {
  readonly sightings: readonly Sighting[];
  /** Time of the search's clock, in milliseconds, until which more is on its way; in the past if nothing is. */
  readonly pendingUntil: number;
}

export interface SourceContext {
  /** Aborts when nobody listens any more. */
  readonly signal: AbortSignal;
  /** `once`: find what is there now. `watch`: keep what is told true until the signal aborts. */
  readonly mode: 'once' | 'watch';
  readonly clock: Clock;
  report(report: Report): void;
  /** Tells the user about something that limits the search but does not end it. */
  warn(text: string): void;
  /** The same about what this host does not have, which matters only where nothing is found. */
  lack(text: string): void;
}

/** One way to find boards. Sources run side by side and know nothing of each other. */
export interface DiscoverySource {
  readonly name: Sighting['source'];
  /** Ends when the signal aborts, or before if there is nothing more to tell. What it throws becomes a warning. */
  run(context: SourceContext): Promise<void>;
}
