import { safeText } from '../device/board-text.js';
import { formatRoute, isLinkLocalIpv6, routeHost, type SshRoute } from '../device/route.js';
import { describeRoute, isLocalByEvidence } from '../discovery/medium.js';
import { PairingRefusedError, type MdtError } from '../errors.js';
import type { HostKey } from '../keys/host-key.js';
import type { AuthenticationError } from '../ssh/connect-errors.js';
import type { SshSession } from '../ssh/session.js';
import { approach } from './approach.js';
import { installKey } from './authorized-keys.js';
import type { BoardRequest, HostLogin } from './host.js';
import { keymasterPort, offerKey, type KeymasterAnswer } from './keymaster.js';
import { routeKey } from './race.js';
import { OtherHostKeyError } from './trust.js';
import { throwIfAborted } from '../time/deadline.js';

/** How a board came to trust this host. */
export type PairMethod = 'already-paired' | 'keymaster' | 'password' | 'console';

/** A board that answered on `route`, proved `hostKey`, and did not let this host in. */
export interface Stranger {
  readonly name: string;
  /** Where it may be reached; the keymaster listens only on some of them. */
  readonly routes: readonly SshRoute[];
  readonly route: SshRoute;
  readonly hostKey: HostKey;
  readonly error: AuthenticationError;
}

export interface Introduction {
  readonly session: SshSession;
  readonly method: PairMethod;
}

/**
 * Makes the board trust this host: its keymaster first, then the password where its sshd offers that. Keys and
 * passwords go only over routes that are local by evidence, unless the request allows the network.
 * @throws PairingRefusedError with what to do when both ways are closed
 */
export async function introduce(login: HostLogin, stranger: Stranger, request: BoardRequest): Promise<Introduction> {
  const trusted = await trustedRoutes([stranger.route, ...stranger.routes], request);
  if (trusted.length === 0) throw onlyNetwork(stranger);
  const answers: Refusal[] = [];
  for (const route of keymasterRoutes(trusted)) {
    const proof = await leadsTo(stranger, route, { login, request });
    if (proof !== 'proven') {
      answers.push({ kind: proof, address: formatRoute(route) });
      continue;
    }
    const answer = await offerKey(route, login.identity.publicLine, { signal: request.signal });
    answers.push(answer);
    if (answer.kind !== 'accepted') continue;
    const session = await knock(login, stranger, request);
    if (session) return { session, method: 'keymaster' };
  }
  if (trusted.some(route => routeKey(route) === routeKey(stranger.route))) {
    const session = await byPassword(login, stranger, request);
    if (session) return { session, method: 'password' };
  }
  throw refused(stranger, answers);
}

/** The routes that a key may take, judged by the interfaces of this moment and not by what was remembered of them. */
async function trustedRoutes(routes: readonly SshRoute[], request: BoardRequest): Promise<SshRoute[]> {
  if (request.allowNetwork === true) return [...routes];
  const judged = await Promise.all(
    routes.map(async route => ({
      route,
      now: await describeRoute({ address: route.address, port: route.port, scope: route.interface }),
    })),
  );
  return judged.filter(({ now }) => isLocalByEvidence(now)).map(({ route }) => route);
}

/** The keymaster binds to the IPv4 address of the gadget, so IPv4 goes first; the same address is asked once. */
function keymasterRoutes(routes: readonly SshRoute[]): SshRoute[] {
  const byAddress = new Map(routes.map(route => [`${routeHost(route)} ${String(keymasterPort(route))}`, route]));
  return [...byAddress.values()].sort(
    (a, b) => Number(isLinkLocalIpv6(a.address)) - Number(isLinkLocalIpv6(b.address)),
  );
}

/**
 * Whether this very board proves its host key on `route` too. Two boards on USB have one IPv4 address, and the system sends what is
 * meant for the second one to the first, whose keymaster would take the key just as gladly.
 */
async function leadsTo(
  stranger: Stranger,
  route: SshRoute,
  { login, request }: { login: HostLogin; request: BoardRequest },
): Promise<'proven' | 'other-board' | 'unproven'> {
  if (routeHost(route) === routeHost(stranger.route) && route.port === stranger.route.port) return 'proven';
  try {
    const answer = await approach(login, route, { pinned: [stranger], signal: request.signal });
    if (answer.kind === 'session') await answer.session.close();
    return 'proven';
  } catch (error) {
    throwIfAborted(request.signal);
    return error instanceof OtherHostKeyError ? 'other-board' : 'unproven';
  }
}

/** Tries the key that the keymaster has just taken, on the very board that was met before. */
async function knock(login: HostLogin, stranger: Stranger, request: BoardRequest): Promise<SshSession | undefined> {
  const answer = await approach(login, stranger.route, { pinned: [stranger], signal: request.signal });
  return answer.kind === 'session' ? answer.session : undefined;
}

async function byPassword(
  login: HostLogin,
  stranger: Stranger,
  request: BoardRequest,
): Promise<SshSession | undefined> {
  const { methods } = stranger.error;
  if (login.password === '' || !(methods.includes('password') || methods.includes('keyboard-interactive')))
    return undefined;
  const answer = await approach(login, stranger.route, {
    pinned: [stranger],
    credentials: [{ kind: 'password', password: login.password }],
    signal: request.signal,
  });
  if (answer.kind !== 'session') return undefined;
  try {
    await installKey(answer.session, login.identity.publicLine, request.signal);
    return answer.session;
  } catch (error) {
    await answer.session.close();
    throw error;
  }
}

function label(stranger: Stranger): string {
  return stranger.name === '' ? formatRoute(stranger.route) : stranger.name;
}

function onlyNetwork(stranger: Stranger): PairingRefusedError {
  return new PairingRefusedError(
    `${label(stranger)} is not paired with this host, and the only way to it, ${formatRoute(stranger.route)}, is not a local link.`,
    {
      hint: 'Connect the board by its USB data port and run `mdt pair`, or by its serial console and run `mdt pair --console`; or add --allow-network if you trust this network.',
      facts: { route: stranger.route },
    },
  );
}

/** What a keymaster said, or why it was not asked. */
type Refusal = KeymasterAnswer | { readonly kind: 'other-board' | 'unproven'; readonly address: string };

function refused(stranger: Stranger, answers: readonly Refusal[]): MdtError {
  const reasons = answers.map(describe);
  const password = stranger.error.methods.some(method => method !== 'publickey')
    ? 'the password was not accepted'
    : 'its sshd takes no passwords';
  return new PairingRefusedError(`${label(stranger)} did not let this host in: ${[...reasons, password].join('; ')}.`, {
    hint: nextStep(label(stranger), answers),
    facts: { answers, methods: stranger.error.methods, route: stranger.route },
    cause: stranger.error,
  });
}

function describe(answer: Refusal): string {
  switch (answer.kind) {
    case 'accepted':
      return 'its keymaster took the key, but the board that answers SSH is another one or does not use it';
    case 'other-board':
      return `at ${answer.address} another board answers, which was not given the key`;
    case 'unproven':
      return `nothing at ${answer.address} proves to be this board, so it was not given the key`;
    case 'refused':
      return `its keymaster refused the key (${String(answer.status)} ${safeText(answer.text, 80)})`;
    case 'closed':
      return `its keymaster is not listening (${answer.text})`;
    case 'silent':
      return `its keymaster did not answer within ${String(answer.timeoutMs / 1000)} s`;
    case 'garbage':
      return `what listens in place of its keymaster makes no sense (${answer.text})`;
  }
}

function nextStep(name: string, answers: readonly Refusal[]): string {
  if (answers.some(answer => answer.kind === 'accepted' || answer.kind === 'other-board')) {
    return 'If two boards share this address, unplug one of them and run `mdt pair` again.';
  }
  if (answers.some(answer => answer.kind === 'refused' && answer.status === 400)) {
    return 'This release takes RSA keys only: make one with `mdt genkey --type rsa` and pair again.';
  }
  return (
    `Another host has paired with it already: connect its serial console and run \`mdt pair --console\`, or run ` +
    `\`mdt resetkeys ${name}\` on that host and pair again.`
  );
}
