import type { SshRoute } from '../device/route.js';
import { UsageError } from '../errors.js';
import { LoginTimeoutError, ServerBusyError } from '../ssh/connect-errors.js';
import type { OnProgress } from '../time/progress.js';
import { approach, type Answer, type ApproachOptions } from './approach.js';
import type { HostLogin } from './host.js';
import { race, type RaceOptions, type RaceResult } from './race.js';

/** How long a route may be silent before the next one is tried beside it (RFC 8305 recommends 250 ms). */
const STAGGER_MS = 250;
/** How long a server is tried again that turns connections away; it answers, so there is hope. */
const BUSY_MS = 60_000;

export interface ReachOptions extends Omit<ApproachOptions, 'onGreeting'> {
  readonly more?: RaceOptions<Answer>['more'] | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Logs in over the first of several routes whose server greets; the others are tried where that one fails. */
export async function reach(
  login: HostLogin,
  routes: readonly SshRoute[],
  options: ReachOptions,
): Promise<RaceResult<Answer>> {
  const { more, onProgress, signal, ...approachOptions } = options;
  return race<Answer>(routes, {
    attempt: (route, control) => approach(login, route, { ...approachOptions, ...control }),
    discard: async answer => {
      if (answer.kind === 'session') await answer.session.close();
    },
    staggerMs: STAGGER_MS,
    // A board that has shown its key and is slow to log in is as slow over every route.
    isFinal: error => error instanceof UsageError || error instanceof LoginTimeoutError,
    retry: {
      isTemporary: error => error instanceof ServerBusyError,
      totalMs: BUSY_MS,
      onRetry: error => {
        const text = `${(error as Error).message.replace(/\.$/, '')}; trying again.`;
        onProgress?.({ kind: 'message', task: 'connect', text });
      },
    },
    signal,
    ...(more ? { more } : {}),
  });
}

/** The same over one route. @throws what `connect` and `approach` throw */
export async function reachBy(login: HostLogin, route: SshRoute, options: ReachOptions): Promise<Answer> {
  const result = await reach(login, [route], options);
  if (result.kind === 'won') return result.value;
  throw result.failures[0]?.error;
}
