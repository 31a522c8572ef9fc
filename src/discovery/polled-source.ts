import { pause } from '../time/deadline.js';
import type { Sighting } from './sighting.js';
import type { DiscoverySource } from './source.js';

export interface PolledSourceOptions {
  readonly name: Sighting['source'];
  /** What can be seen now. */
  readonly look: () => Promise<readonly Sighting[]>;
  /** How its failure reads; the search ends with it. A `lack` matters only where nothing is found. */
  readonly failure: (error: unknown) => { readonly kind: 'warning' | 'lack'; readonly text: string };
}

/** Where there is no event to wait for, looking is cheap. */
const POLL_MS = 500;

/** A source that looks again and again, and tells what has changed. */
export function polledSource({ name, look, failure }: PolledSourceOptions): DiscoverySource {
  return {
    name,
    run: async context => {
      const { signal } = context;
      let told = '[]';
      while (!signal.aborted) {
        const sightings = await look().catch((error: unknown) => {
          const { kind, text } = failure(error);
          if (kind === 'lack') context.lack(text);
          else context.warn(text);
          return undefined;
        });
        if (sightings === undefined) return;
        const seen = JSON.stringify(sightings);
        if (seen !== told) context.report({ sightings, pendingUntil: 0 });
        told = seen;
        // Only the end of the search ends the pause early.
        await pause(POLL_MS, signal, context.clock).catch(() => undefined);
      }
    },
  };
}
