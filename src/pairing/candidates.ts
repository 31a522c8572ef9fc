import { isRunning, sshRoutes, usbPortOf, type Device } from '../device/device.js';
import { describeRoute } from '../discovery/medium.js';
import { formatRoute, routeHost, SSH_PORT, type SshRoute } from '../device/route.js';
import { formatSelector, matchesSelector, type DeviceSelector } from '../device/selector.js';
import { UDEV_HINT } from '../device/usb-ids.js';
import { AmbiguousDeviceError, DeviceNotFoundError } from '../errors.js';
import { fingerprint } from '../keys/host-key.js';
import type { KnownBoard } from '../keys/known-boards.js';
import { search, type BoardRequest, type HostContext } from './host.js';

/** Longest search for a board that was asked for; MDT's own. */
export const FIND_TIMEOUT_MS = 10_000;
/** The board itself has answered by then; mDNS answers within fractions of a second or not at all. */
const OTHER_ROUTES_TIMEOUT_MS = 1000;

/** A board to be contacted: where it may be, and whether its host key is known. */
export interface Candidate {
  /** Empty where only an address is known. */
  readonly name: string;
  /** What messages call it: what the user wrote, else its name. */
  readonly label: string;
  /** One of their keys has to be proven on whatever route answers; empty for a board that was never met. */
  readonly known: readonly KnownBoard[];
  readonly routes: readonly SshRoute[];
  /** The routes are where it was last time, not where it was seen now. */
  readonly remembered: boolean;
}

/** Finds the one board that the selector, or its absence, means. @throws DeviceNotFoundError, AmbiguousDeviceError */
export async function findCandidate(
  host: HostContext,
  { selector, known }: Search,
  request: BoardRequest,
): Promise<Candidate> {
  const candidate = await candidateOf(host, { selector, known }, request);
  const [first] = candidate.routes;
  const label = selector ? formatSelector(selector) : candidate.name || (first ? formatRoute(first) : 'the board');
  return { ...candidate, label, routes: atPort(candidate.routes, portOf(selector)) };
}

function portOf(selector: DeviceSelector | undefined): number | undefined {
  return selector?.kind === 'name' ? selector.port : undefined;
}

/** The same addresses at the port that the user named, each once. */
function atPort(routes: readonly SshRoute[], port: number | undefined): readonly SshRoute[] {
  if (port === undefined) return routes;
  return [...new Map(routes.map(route => [routeHost(route), { ...route, port }])).values()];
}

async function candidateOf(
  host: HostContext,
  { selector, known }: Search,
  request: BoardRequest,
): Promise<Omit<Candidate, 'label'>> {
  if (selector?.kind === 'address') return addressCandidate(selector, known);
  const remembered = selector === undefined ? [] : known.filter(board => matchesSelector(asDevice(board), selector));
  const [only] = remembered;
  if (only !== undefined && remembered.length === 1) {
    return { name: only.name, known: [only], routes: only.routes, remembered: true };
  }
  return deviceCandidate(await searchBoard(host, { selector, known }, request), known);
}

/** Looks a known board up by mDNS: the routes it has now. */
export async function routesNow(
  host: HostContext,
  { board, selector }: { readonly board: KnownBoard; readonly selector: DeviceSelector | undefined },
  request: BoardRequest,
): Promise<readonly SshRoute[]> {
  const wanted: DeviceSelector = { kind: 'name', name: board.name };
  const found = await search(host, {
    wanted,
    known: [board],
    timeoutMs: request.timeoutMs ?? FIND_TIMEOUT_MS,
    ...(request.signal ? { signal: request.signal } : {}),
  });
  return atPort(found.filter(device => matchesSelector(device, wanted)).flatMap(sshRoutes), portOf(selector));
}

/** Other routes of the board that answered on `route`, which may lead to its keymaster; none if mDNS tells of none. */
export async function otherRoutes(
  host: HostContext,
  route: SshRoute,
  request: BoardRequest,
): Promise<readonly SshRoute[]> {
  const wanted: DeviceSelector = { kind: 'address', address: route.address, port: route.port };
  const found = await search(host, {
    wanted,
    timeoutMs: OTHER_ROUTES_TIMEOUT_MS,
    ...(request.signal ? { signal: request.signal } : {}),
  });
  return found.filter(device => matchesSelector(device, wanted)).flatMap(sshRoutes);
}

export interface Search {
  readonly selector: DeviceSelector | undefined;
  readonly known: readonly KnownBoard[];
}

/**
 * Searches the network and lets the user choose where several match. Only what runs Mendel counts: a board in its
 * bootloader is named in the error if there is no other.
 */
export async function searchBoard(
  host: HostContext,
  { selector, known }: Search,
  request: BoardRequest,
): Promise<Device> {
  // A board that was named may be still booting; without a name, nothing found after discovery's own time is nothing.
  const timeoutMs = request.timeoutMs ?? (selector ? FIND_TIMEOUT_MS : undefined);
  const devices = await search(host, {
    known,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(selector ? { wanted: selector } : {}),
    ...(request.signal ? { signal: request.signal } : {}),
  });
  const meant = selector ? devices.filter(device => matchesSelector(device, selector)) : devices;
  const matching = meant.filter(isRunning);
  const [first] = matching;
  if (first === undefined) throw notRunning(meant) ?? notFound(selector);
  if (matching.length === 1) return first;
  if (request.choose) return request.choose(matching);
  throw ambiguous(selector, matching);
}

function deviceCandidate(device: Device, known: readonly KnownBoard[]): Omit<Candidate, 'label'> {
  const sameName = known.filter(board => board.name.toLowerCase() === device.name.toLowerCase());
  return { name: device.name, routes: sshRoutes(device), remembered: false, known: device.name === '' ? [] : sameName };
}

/** The known board as `mdt devices` would show it while it is away. */
export function asDevice(board: KnownBoard): Device {
  return {
    name: board.name,
    state: 'offline',
    routes: board.routes,
    hostKeyFingerprint: fingerprint(board.hostKey),
    ...(board.serialNumber === undefined ? {} : { serialNumber: board.serialNumber }),
  };
}

/**
 * On a USB link every board has the same address, so what answers there may be any board: whichever known key it
 * proves is the board it is. Elsewhere an address belongs to the board that was known there last.
 */
async function addressCandidate(
  selector: Extract<DeviceSelector, { kind: 'address' }>,
  known: readonly KnownBoard[],
): Promise<Omit<Candidate, 'label'>> {
  const { address, port = SSH_PORT, scope } = selector;
  const route = await describeRoute({ address, port, scope });
  const there = known.filter(board =>
    board.routes.some(one => one.address === route.address && one.port === route.port),
  );
  const before = there.flatMap(one => one.routes).find(one => one.address === route.address && one.port === route.port);
  const { keymasterPort, fastbootPort } = before ?? {};
  const routes = [
    {
      ...route,
      ...(keymasterPort === undefined ? {} : { keymasterPort }),
      ...(fastbootPort === undefined ? {} : { fastbootPort }),
    },
  ];
  if (route.medium === 'usb-network') return { name: '', known: [], routes, remembered: false };
  return { name: there.length === 1 ? (there[0]?.name ?? '') : '', known: there, routes, remembered: false };
}

function notFound(selector: DeviceSelector | undefined): DeviceNotFoundError {
  return new DeviceNotFoundError(
    selector ? `No board answers to ${formatSelector(selector)}.` : 'No board was found.',
    { hint: 'Check the USB data cable and the power, wait until the board has booted, then look at `mdt devices`.' },
  );
}

/** What may be done with a board that is there but does not run Mendel. */
const NOT_RUNNING: Readonly<Record<string, readonly [state: string, hint: string]>> = {
  fastboot: ['is in its bootloader', 'Start it with `mdt fastboot reboot`, or write its system anew with `mdt flash`.'],
  'console-only': [
    'is seen as a serial console only',
    'Look with `mdt console` at what it does, and check its USB data cable.',
  ],
  'rom-download': ['has no bootloader that starts', 'Check the boot switches: for eMMC 1 to 4 are ON OFF OFF OFF.'],
  inaccessible: ['may not be opened by this user', UDEV_HINT],
};

function notRunning(devices: readonly Device[]): DeviceNotFoundError | undefined {
  for (const device of devices) {
    const [state, hint] = NOT_RUNNING[device.state] ?? [];
    if (state === undefined) continue;
    const place = device.routes[0] === undefined ? '' : formatRoute(device.routes[0]);
    const name = device.name === '' ? (device.serialNumber ?? place) : device.name;
    return new DeviceNotFoundError(`No board that runs Mendel was found; ${name} ${state}.`, {
      hint,
      facts: { device },
    });
  }
  return undefined;
}

function ambiguous(selector: DeviceSelector | undefined, devices: readonly Device[]): AmbiguousDeviceError {
  const names = devices.map(nameWithRoute);
  return new AmbiguousDeviceError(
    selector
      ? `${String(devices.length)} boards answer to ${formatSelector(selector)}: ${names.join(', ')}.`
      : `${String(devices.length)} boards were found: ${names.join(', ')}.`,
    {
      hint: 'Name one with -d, in MDT_DEVICE, or with `mdt set preferred-device NAME`.',
      facts: { candidates: devices },
    },
  );
}

function nameWithRoute(device: Device): string {
  const usbPort = usbPortOf(device);
  if (usbPort !== undefined) return `${device.name} (usb:${usbPort})`;
  return `${device.name} (${sshRoutes(device)[0]?.address ?? 'no address'})`;
}
