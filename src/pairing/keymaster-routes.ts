import { isIPv4 } from 'node:net';
import { isLinkLocalIpv4, type SshRoute } from '../device/route.js';
import { listLinks, type Link } from '../discovery/interfaces.js';
import { routeOver } from '../discovery/medium.js';
import { pause, throwIfAborted } from '../time/deadline.js';
import type { BoardRequest, HostLogin } from './host.js';
import { offerKey, type KeymasterAnswer } from './keymaster.js';
import { routeKey } from './race.js';
import type { RefusingBoard } from './refusing-board.js';

/** A board's own addresses on the networks of its USB cable (usb0 and usb1); its keymaster listens on these alone. */
export const GADGET_ADDRESSES = ['192.168.100.2', '192.168.101.2'] as const;
/** sshd greets up to 7 s before the keymaster listens, and USB may have IPv6 seconds before IPv4. */
const PATIENCE_MS = 10_000;
/** A board that is known has booted before; its keymaster restarts when its keys are reset. */
const KNOWN_PATIENCE_MS = 3000;
const INTERVAL_MS = 500;

/** What a keymaster said, or why it was not asked. */
export type RouteAnswer = {
  readonly route: SshRoute;
} & (KeymasterAnswer | { readonly kind: 'other-board' | 'unproven' });

export interface KeymasterSearch {
  readonly board: RefusingBoard;
  readonly routes: readonly SshRoute[];
  /** Whether the board proves its host key on a route. */
  readonly proof: (route: SshRoute) => Promise<'proven' | 'other-board' | 'unproven'>;
}

/** What tests put in place of the real thing. */
export interface KeymasterPorts {
  readonly links: () => Promise<readonly Link[]>;
  readonly offer: typeof offerKey;
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
}

const REAL: KeymasterPorts = { links: listLinks, offer: offerKey, pause };

/** Whether a refusal there says that the board's keymaster does not listen. */
export function isKeymasterAddress(route: SshRoute): boolean {
  return route.medium === 'loopback' || GADGET_ADDRESSES.some(address => address === route.address);
}

/**
 * Offers the key to the keymaster over each route until one accepts it. On the USB cable a keymaster that does not
 * listen yet is waited for.
 */
export async function askKeymasters(
  login: HostLogin,
  search: KeymasterSearch,
  request: BoardRequest,
  ports: KeymasterPorts = REAL,
): Promise<{ readonly accepted: boolean; readonly answers: readonly RouteAnswer[] }> {
  const answers = new Map<string, RouteAnswer>();
  const patienceMs = search.board.known ? KNOWN_PATIENCE_MS : PATIENCE_MS;
  for (let waitedMs = 0; ; waitedMs += INTERVAL_MS) {
    throwIfAborted(request.signal);
    for (const route of await routesToAsk(search.routes, ports)) {
      if (!isOpenQuestion(answers.get(routeKey(route)))) continue;
      const answer = await ask(login, { route, search, ports }, request);
      answers.set(routeKey(route), answer);
      if (answer.kind === 'accepted') return { accepted: true, answers: [...answers.values()] };
    }
    const given = [...answers.values()];
    if (waitedMs >= patienceMs || !isWorthWaiting(search.routes, given)) return { accepted: false, answers: given };
    if (waitedMs === 0) {
      const text = `The keymaster of ${search.board.name} does not listen; trying for ${String(patienceMs / 1000)} s, in case it is still starting.`;
      request.onProgress?.({ kind: 'message', task: 'keymaster', text });
    }
    await ports.pause(INTERVAL_MS, request.signal);
  }
}

/** The given routes and those that the USB cable offers now, the ones on which keymasters listen first. */
async function routesToAsk(routes: readonly SshRoute[], { links }: KeymasterPorts): Promise<SshRoute[]> {
  const cables = routes.filter(route => route.medium === 'usb-network');
  const found = cables.length === 0 ? [] : await links();
  const more = cables.flatMap(cable =>
    found
      .filter(link => link.id === cable.interface)
      .flatMap(link => GADGET_ADDRESSES.map(address => routeOver(link, address, cable.port)))
      .filter(route => route.medium === 'usb-network'),
  );
  const unique = [...new Map([...more, ...routes].map(route => [routeKey(route), route])).values()];
  return unique.sort((a, b) => rank(a) - rank(b));
}

function rank(route: SshRoute): number {
  if (isKeymasterAddress(route)) return 0;
  return isIPv4(route.address) && !isLinkLocalIpv4(route.address) ? 1 : 2;
}

/** Not asked yet, or on an address where a keymaster may come up. */
function isOpenQuestion(answer: RouteAnswer | undefined): boolean {
  return answer === undefined || (answer.kind === 'closed' && isOnCable(answer.route));
}

function isOnCable(route: SshRoute): boolean {
  return route.medium !== 'loopback' && isKeymasterAddress(route);
}

/** The keymaster may come up yet, or the USB cable get its IPv4 address. */
function isWorthWaiting(routes: readonly SshRoute[], answers: readonly RouteAnswer[]): boolean {
  const onCable = answers.filter(answer => isOnCable(answer.route));
  if (onCable.length === 0) return routes.some(route => route.medium === 'usb-network');
  return onCable.some(answer => answer.kind === 'closed');
}

async function ask(
  login: HostLogin,
  { route, search, ports }: { route: SshRoute; search: KeymasterSearch; ports: KeymasterPorts },
  request: BoardRequest,
): Promise<RouteAnswer> {
  const proof = await search.proof(route);
  if (proof !== 'proven') return { kind: proof, route };
  return { ...(await ports.offer(route, login.identity.publicLine, { signal: request.signal })), route };
}
