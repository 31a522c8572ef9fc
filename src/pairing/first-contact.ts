import type { SshRoute } from '../device/route.js';
import { describeRoute, isLocalByEvidence } from '../discovery/medium.js';
import type { SshSession } from '../ssh/session.js';
import { throwIfAborted } from '../time/deadline.js';
import { installKey } from './authorized-keys.js';
import type { BoardRequest, HostLogin } from './host.js';
import { askKeymasters } from './keymaster-routes.js';
import { routeKey } from './race.js';
import { reachBy } from './reach.js';
import { noLocalRoute, refused, type PasswordAnswer } from './refusal.js';
import type { RefusingBoard } from './refusing-board.js';
import { OtherHostKeyError } from './trust.js';

/** How a board came to trust this host. */
export type PairMethod = 'already-paired' | 'keymaster' | 'password' | 'console';

export interface FirstContact {
  readonly session: SshSession;
  readonly method: PairMethod;
}

/**
 * Makes the board trust this host: its keymaster first, then the password where its sshd offers that. Keys and
 * passwords go only over routes that are local by evidence, unless the request allows the network.
 * @throws PairingRefusedError with what was tried, and what to do when both ways are closed
 */
export async function pairFirst(login: HostLogin, board: RefusingBoard, request: BoardRequest): Promise<FirstContact> {
  const trusted = await trustedRoutes([board.route, ...board.routes], request);
  if (trusted.length === 0) throw noLocalRoute(login, board);
  const proof = new BoardProof(login, board, request);
  const asked = await askKeymasters(login, { board, routes: trusted, proof: route => proof.of(route) }, request);
  if (asked.accepted) {
    const answer = await reachBy(login, board.route, proof.options);
    if (answer.kind === 'session') return { session: answer.session, method: 'keymaster' };
  }
  const password = await tryPassword(login, { board, routes: trusted, proof }, request);
  if (password.kind === 'session') return { session: password.session, method: 'password' };
  throw refused(login, board, { keymasters: asked.answers, password });
}

/** The routes that a key may take, judged by the interfaces of this moment and not by what was remembered of them. */
async function trustedRoutes(routes: readonly SshRoute[], request: BoardRequest): Promise<SshRoute[]> {
  const unique = [...new Map(routes.map(route => [routeKey(route), route])).values()];
  const judged = await Promise.all(
    unique.map(async route => {
      const { medium } = await describeRoute({
        address: route.address,
        port: route.port,
        scope: route.interface,
      });
      return { ...route, medium };
    }),
  );
  return request.allowNetwork === true ? judged : judged.filter(isLocalByEvidence);
}

/**
 * Whether this very board proves its host key on another route too; asked once for each. Two boards on USB have one IPv4
 * address, and the system sends what is meant for the second one to the first, whose keymaster would accept the key just
 * as gladly.
 */
class BoardProof {
  readonly #login: HostLogin;
  readonly #board: RefusingBoard;
  readonly #request: BoardRequest;
  readonly #asked = new Map<string, Promise<'proven' | 'other-board' | 'unproven'>>();

  constructor(login: HostLogin, board: RefusingBoard, request: BoardRequest) {
    this.#login = login;
    this.#board = board;
    this.#request = request;
    this.#asked.set(routeKey(board.route), Promise.resolve('proven'));
  }

  /** For connections to this board alone. */
  get options(): Parameters<typeof reachBy>[2] {
    const { signal, onProgress } = this.#request;
    return { pinned: [this.#board], label: this.#board.name, signal, onProgress };
  }

  async of(route: SshRoute): Promise<'proven' | 'other-board' | 'unproven'> {
    const key = routeKey(route);
    const asked = this.#asked.get(key) ?? this.#ask(route);
    this.#asked.set(key, asked);
    return asked;
  }

  async #ask(route: SshRoute): Promise<'proven' | 'other-board' | 'unproven'> {
    try {
      const answer = await reachBy(this.#login, route, this.options);
      if (answer.kind === 'session') await answer.session.close();
      return 'proven';
    } catch (error) {
      throwIfAborted(this.#request.signal);
      return error instanceof OtherHostKeyError ? 'other-board' : 'unproven';
    }
  }
}

interface PasswordTry {
  readonly board: RefusingBoard;
  readonly routes: readonly SshRoute[];
  readonly proof: BoardProof;
}

/** Sends the password over the first trusted route on which the board proves its key. */
async function tryPassword(
  login: HostLogin,
  { board, routes, proof }: PasswordTry,
  request: BoardRequest,
): Promise<PasswordAnswer | { readonly kind: 'session'; readonly session: SshSession }> {
  const { methods } = board.error;
  if (!(methods.includes('password') || methods.includes('keyboard-interactive'))) return { kind: 'not-offered' };
  if (login.password === '') return { kind: 'none' };
  const credentials = [{ kind: 'password', password: login.password }] as const;
  for (const route of routes) {
    try {
      const answer = await reachBy(login, route, { ...proof.options, credentials });
      if (answer.kind !== 'session') return { kind: 'refused', route };
      return { kind: 'session', session: await withKey(login, answer.session, request) };
    } catch (error) {
      throwIfAborted(request.signal);
      if (route === routes.at(-1) && !(error instanceof OtherHostKeyError)) throw error;
    }
  }
  return { kind: 'not-sent' };
}

async function withKey(login: HostLogin, session: SshSession, request: BoardRequest): Promise<SshSession> {
  try {
    await installKey(session, login.identity.publicLine, request.signal);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}
