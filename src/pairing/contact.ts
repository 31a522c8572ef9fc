import type { Device } from '../device/device.js';
import { formatRoute, type SshRoute } from '../device/route.js';
import type { DeviceSelector } from '../device/selector.js';
import { DeviceNotFoundError } from '../errors.js';
import { fingerprint, sameHostKey } from '../keys/host-key.js';
import type { KnownBoard } from '../keys/known-boards.js';
import type { SshSession } from '../ssh/session.js';
import { LoginTimeoutError, ServerBusyError } from '../ssh/connect-errors.js';
import type { Answer } from './approach.js';
import { FIND_TIMEOUT_MS, findCandidate, otherRoutes, routesNow, searchBoard, type Candidate } from './candidates.js';
import { openHost, wantedSelector, type BoardRequest, type HostContext, type HostLogin } from './host.js';
import type { FirstContact, PairMethod } from './first-contact.js';
import { routeKey, type RaceFailure } from './race.js';
import { reach } from './reach.js';
import { remember } from './remember.js';
import { keyChanged, OtherHostKeyError } from './trust.js';

/** An authenticated connection to a board that has proven to be the one that was meant. */
export interface Contact extends AsyncDisposable {
  readonly device: Device;
  readonly session: SshSession;
  /** How trust came about; `already-paired` is every contact but the first. */
  readonly method: PairMethod;
}

/** How a board is connected to. */
export interface ContactOptions extends BoardRequest {
  /** What to do with a board that does not let this host in: pair with it (the default), or refuse. */
  readonly pairing?: 'allow' | 'never';
  /** Pin the key the board shows now in place of the one pinned before, as after a reflash. */
  readonly acceptNewHostKey?: boolean | undefined;
}

/**
 * Chooses the board, connects over the first route that answers and proves the pinned host key, and pairs on first
 * contact. Whoever calls it disposes the contact.
 * @throws DeviceNotFoundError, AmbiguousDeviceError, HostKeyChangedError, PairingRefusedError, TransportError, TimeoutError
 */
export async function contactBoard(host: HostContext, request: ContactOptions = {}): Promise<Contact> {
  const selector = await wantedSelector(host, request.device);
  const login = asUser(await openHost(host, request), selector);
  // A board that may show a new key is looked for where it is now: at its last address another one may answer.
  const known = request.acceptNewHostKey ? [] : login.known;
  const candidate = await findCandidate(host, { selector, known }, request);
  const { route, value: answer } = await firstAnswer(host, login, { candidate, request, selector });
  const { session, method } = await enter(host, login, { candidate, route, answer, request });
  try {
    if (method === 'already-paired') admit(login, { candidate, route, session, request });
    const device = await remember(host, login, {
      name: candidate.name,
      route,
      session,
      keyAccepted: method !== 'password',
      isReplacement: request.acceptNewHostKey === true,
    });
    return { device, session, method, [Symbol.asyncDispose]: () => session.close() };
  } catch (error) {
    await session.close();
    throw error;
  }
}

function asUser(login: HostLogin, selector: DeviceSelector | undefined): HostLogin {
  const user = selector && 'user' in selector ? selector.user : undefined;
  return user === undefined ? login : { ...login, username: user };
}

/**
 * A board that lets this host in without having been met may be one that Python MDT has paired, or anybody who lets all
 * in: it is pinned with a word to the user, but not where a known board was last seen with another key.
 */
function admit(login: HostLogin, { candidate, route, session, request }: Admission): void {
  if (login.known.some(board => sameHostKey(board.hostKey, session.hostKey))) return;
  const before = candidate.name === '' ? login.known.find(board => hasRoute(board, route)) : undefined;
  if (before && request.acceptNewHostKey !== true) {
    throw keyChanged(new OtherHostKeyError(before, session.hostKey), route);
  }
  const text = `${candidate.name === '' ? formatRoute(route) : candidate.name} knows this host already; pinned its host key ${fingerprint(session.hostKey)}.`;
  request.onProgress?.({ kind: 'message', task: 'pair', text });
}

function hasRoute(board: KnownBoard, route: SshRoute): boolean {
  return board.routes.some(one => routeKey(one) === routeKey(route));
}

/** The board that a command means, found but not connected to. */
export async function chooseBoard(host: HostContext, request: BoardRequest = {}): Promise<Device> {
  const { known } = await openHost(host, request);
  return searchBoard(host, { selector: await wantedSelector(host, request.device), known }, request);
}

interface Approach {
  readonly candidate: Candidate;
  readonly request: ContactOptions;
}

interface Admission extends Approach {
  readonly route: SshRoute;
  readonly session: SshSession;
}

interface Meeting extends Approach {
  readonly route: SshRoute;
  readonly answer: Answer;
}

async function enter(host: HostContext, login: HostLogin, meeting: Meeting): Promise<FirstContact> {
  const { candidate, route, answer, request } = meeting;
  if (answer.kind === 'session') return { session: answer.session, method: 'already-paired' };
  const { label, name } = candidate;
  const known = login.known.find(one => sameHostKey(one.hostKey, answer.hostKey));
  const board = { name: label, routes: candidate.routes, route, hostKey: answer.hostKey, error: answer.error, known };
  if (request.pairing === 'never') throw (await import('./refusal.js')).notPaired(login, board);
  const routes = name === '' ? await otherRoutes(host, route, request) : candidate.routes;
  // Loaded only on first contact: every later command goes without it.
  const { pairFirst } = await import('./first-contact.js');
  const contact = await pairFirst(login, { ...board, routes }, request);
  const text = `Paired with ${name === '' ? formatRoute(route) : name} (${contact.method}).`;
  request.onProgress?.({ kind: 'message', task: 'pair', text });
  return contact;
}

/** Races the routes of the candidate; a known board is looked up by mDNS beside the places where it was last. */
async function firstAnswer(
  host: HostContext,
  login: HostLogin,
  { candidate, request, selector }: Approach & { readonly selector: DeviceSelector | undefined },
): Promise<{ route: SshRoute; value: Answer }> {
  const [known] = candidate.known;
  const seenNow = new Set(candidate.remembered ? [] : candidate.routes.map(routeKey));
  const result = await reach(login, candidate.routes, {
    label: candidate.label,
    pinned: candidate.known,
    // What was typed as an address may be any board; one that was named is the one behind the interface it was found on.
    requireInterface: candidate.known.length === 0 && candidate.name !== '',
    signal: request.signal,
    onProgress: request.onProgress,
    more:
      known && candidate.remembered
        ? async signal => {
            const routes = await routesNow(host, { board: known, selector }, { ...request, signal });
            for (const route of routes) seenNow.add(routeKey(route));
            return routes;
          }
        : undefined,
  });
  if (result.kind === 'won') return result;
  throw explain(candidate, result.failures, seenNow);
}

/** The one error that says most: a wrong key where the board was seen now, else how its best route failed. */
function explain(candidate: Candidate, failures: readonly RaceFailure[], seenNow: ReadonlySet<string>): unknown {
  const current = failures.filter(failure => seenNow.has(routeKey(failure.route)));
  for (const { route, error } of current) {
    if (error instanceof OtherHostKeyError) return keyChanged(error, route);
  }
  // A board that turned logins away, or was too slow for one, did answer.
  const answered = failures.find(({ error }) => error instanceof ServerBusyError || error instanceof LoginTimeoutError);
  const said = current[0] ?? answered;
  if (said) return said.error;
  const places = candidate.routes.map(formatRoute).join(', ');
  return new DeviceNotFoundError(
    `${candidate.label} does not answer, neither where it was last (${places}) nor by mDNS.`,
    {
      hint: 'Check its power and cable, and wait until it has booted; `mdt devices` shows what can be reached.',
      facts: { name: candidate.name, routes: candidate.routes, searchedMs: FIND_TIMEOUT_MS },
      cause: failures[0]?.error,
    },
  );
}
