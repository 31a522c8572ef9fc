import { runScript } from '../remote/run-script.js';
import { safeText } from '../device/board-text.js';
import type { Device } from '../device/device.js';
import type { SshRoute } from '../device/route.js';
import { fingerprint, sameHostKey } from '../keys/host-key.js';
import { keyFingerprint } from '../keys/public-line.js';
import { forgetBoard, rememberBoard, type KnownBoard } from '../keys/known-boards.js';
import type { SshSession } from '../ssh/session.js';
import type { HostContext, HostLogin } from './host.js';
import { routeKey } from './race.js';
import { keyChanged, OtherHostKeyError } from './trust.js';

/** Addresses that are kept for each board: enough for USB, LAN and link-local, without a history. */
const MAX_ROUTES = 6;

export interface Met {
  /** Empty if only its address is known. */
  readonly name: string;
  readonly route: SshRoute;
  readonly session: SshSession;
  /** Whether this host logged in with its key. */
  readonly keyAccepted: boolean;
  /** The user says that this is a known board with a new host key: forget the one that had its name or address. */
  readonly isReplacement: boolean;
}

/** Pins the host key and the route that worked, so that the next command is immediate; writes only what is new. */
export async function remember(host: HostContext, login: HostLogin, met: Met): Promise<Device> {
  const before = login.known.find(board => sameHostKey(board.hostKey, met.session.hostKey));
  const name = met.name !== '' ? met.name : (before?.name ?? (await hostName(met)));
  refuseTakenName(login, met, name);
  const board: KnownBoard = {
    ...before,
    name,
    hostKey: met.session.hostKey,
    routes: withRoutes(before?.routes ?? [], [met.route]),
    lastSeen: new Date().toISOString(),
    ...accepted(login, met, before),
  };
  if (!before || !sameFacts(before, board)) await rememberBoard(host.paths.knownBoardsFile, board);
  if (met.isReplacement) {
    for (const old of login.known.filter(one => isFormerSelf(one, board, met.route))) {
      await forgetBoard(host.paths.knownBoardsFile, old.hostKey);
    }
  }
  return {
    name,
    state: 'online',
    routes: [met.route],
    hostKeyFingerprint: fingerprint(board.hostKey),
    ...(board.serialNumber === undefined ? {} : { serialNumber: board.serialNumber }),
  };
}

/** A board says itself what it is called: it may not take the name under which another one is trusted. */
function refuseTakenName(login: HostLogin, { session, route, isReplacement }: Met, name: string): void {
  const namesakes = login.known.filter(board => board.name.toLowerCase() === name.toLowerCase());
  const [other] = namesakes;
  if (isReplacement || !other || namesakes.some(board => sameHostKey(board.hostKey, session.hostKey))) return;
  throw keyChanged(new OtherHostKeyError(other, session.hostKey), route);
}

/** On USB every board has the same address, so there only the name tells. */
function isFormerSelf(old: KnownBoard, board: KnownBoard, route: SshRoute): boolean {
  if (sameHostKey(old.hostKey, board.hostKey)) return false;
  if (old.name.toLowerCase() === board.name.toLowerCase()) return true;
  return route.medium !== 'usb-network' && old.routes.some(one => routeKey(one) === routeKey(route));
}

/** The routes of now go first. */
export function withRoutes(before: readonly SshRoute[], now: readonly SshRoute[]): SshRoute[] {
  const keys = new Set(now.map(routeKey));
  return [...now, ...before.filter(other => !keys.has(routeKey(other)))].slice(0, MAX_ROUTES);
}

function accepted({ identity }: HostLogin, met: Met, before?: KnownBoard): Partial<Pick<KnownBoard, 'accepted'>> {
  if (!met.keyAccepted) return {};
  const key = keyFingerprint(identity.publicLine);
  const now = new Date().toISOString();
  const isNew = before?.accepted?.key !== key || before.accepted.at.slice(0, 10) !== now.slice(0, 10);
  return isNew ? { accepted: { key, at: now } } : {};
}

function sameFacts(a: KnownBoard, b: KnownBoard): boolean {
  const routesOf = (board: KnownBoard): string => board.routes.map(routeKey).join('\n');
  return a.name === b.name && routesOf(a) === routesOf(b) && a.accepted === b.accepted;
}

/** Where only an address was given, the board itself says what it is called. */
async function hostName({ session, route }: Met): Promise<string> {
  const { stdout } = await runScript(
    session,
    { script: 'hostname' },
    { operation: 'asking the board for its name', maxOutputBytes: 4096 },
  );
  const name = safeText(stdout.toString('utf8').trim(), 64);
  return name === '' ? route.address : name;
}
