import { sshRoutes, type Device } from '../device/device.js';
import { formatFastbootTarget, type FastbootTarget } from '../device/fastboot-target.js';
import { formatRoute, type SshRoute } from '../device/route.js';
import { formatSelector, matchesSelector, type DeviceSelector } from '../device/selector.js';
import { UDEV_HINT } from '../device/usb-ids.js';
import { AmbiguousDeviceError, DeviceNotFoundError, PermissionError } from '../errors.js';
import { loadKnownBoards } from '../keys/known-boards.js';
import { asDevice } from '../pairing/candidates.js';
import { withDeadline } from '../time/deadline.js';
import { until } from '../time/retry.js';
import { search, wantedPlace, wantedSelector, type BoardRequest, type HostContext } from '../pairing/host.js';

/** Where a board that is to be flashed is now. `name` is how it is called in messages, safe to print. */
export type BoardPlace =
  | {
      readonly kind: 'fastboot';
      readonly name: string;
      readonly target: FastbootTarget;
      /** By which it can be brought there, if it is not. */
      readonly console?: string | undefined;
    }
  /** It runs Mendel; `device` selects it. */
  | {
      readonly kind: 'mendel';
      readonly name: string;
      readonly device: string;
      /** Where it ran last. */
      readonly routes?: readonly SshRoute[];
      /** By which it can be brought into fastboot, if it does not answer or let this host in. */
      readonly console?: string | undefined;
    }
  /** All that is known of it is its serial console: a path, or tcp:host:port. */
  | { readonly kind: 'console'; readonly name: string; readonly console: string };

export interface LocateRequest extends BoardRequest {
  /** Serial console of the board, if the user named it. */
  readonly console?: string | undefined;
  /** Its flash was interrupted, perhaps while it restarted: wait until it is there. */
  readonly resume?: boolean | undefined;
}

const RESTART_TIMEOUT_MS = 60_000;
/** Between two searches, which take longer. */
const RETRY_MS = 200;

/** What there is to do where no board can be had by itself. Boot switches: those of the Dev Board. */
const SWITCHES_HINT =
  'Connect its USB data port by a cable with data lines (not C to C); for a board that does not start set its boot ' +
  'switches to eMMC (1 to 4: ON OFF OFF OFF), connect the serial console, and give it with --console PORT.';

/**
 * Finds the one board that is meant. Without a name a board in fastboot goes before one that runs Mendel, and that
 * before a serial console with nothing else known. A console that is named goes before a board that runs Mendel, also
 * the preferred one: it may be that of another board.
 * @throws DeviceNotFoundError, AmbiguousDeviceError, PermissionError, TimeoutError
 */
export async function locateBoard(host: HostContext, request: LocateRequest): Promise<BoardPlace> {
  const place = await locateNow(host, request);
  if (place !== undefined) return place;
  if (request.resume !== true) throw await notFound(host, request);
  request.onProgress?.({ kind: 'message', task: 'flash', text: 'Waiting until the board has restarted.' });
  const { signal: outer } = request;
  const deadline = { operation: 'waiting until the board has restarted', timeoutMs: RESTART_TIMEOUT_MS, signal: outer };
  return await withDeadline({ ...deadline, hint: SWITCHES_HINT }, signal =>
    until({ intervalMs: RETRY_MS, signal }, () => locateNow(host, { ...request, signal })),
  );
}

/** Undefined if there is none now. */
async function locateNow(host: HostContext, request: LocateRequest): Promise<BoardPlace | undefined> {
  const selector = await selectorOf(host, request);
  if (selector?.kind === 'fastboot') return { ...inFastboot(selector.target), console: request.console };
  const known = await loadKnownBoards(host.paths.knownBoardsFile);
  const remembered = known.filter(board => selector !== undefined && matchesSelector(asDevice(board), selector));
  const [only] = remembered;
  if (selector !== undefined && only !== undefined && remembered.length === 1) {
    const device = formatSelector(selector);
    return { kind: 'mendel', name: only.name, device, routes: only.routes, console: request.console };
  }
  const { signal, timeoutMs } = request;
  const devices = await search(host, {
    ...{ known, signal, timeoutMs, wanted: selector },
    onWarning: text => request.onProgress?.({ kind: 'message', task: 'search', text }),
  });
  const matching = selector === undefined ? devices : devices.filter(device => matchesSelector(device, selector));
  const [waiting, running] = [matching.filter(isInFastboot), matching.filter(runsMendel)];
  const unnamed = request.console === undefined ? [waiting, running] : [waiting];
  for (const group of selector === undefined ? unnamed : [[...waiting, ...running]]) {
    if (group.length > 0) {
      return { ...placeOf(await chooseFrom(group, selector, request), selector), console: request.console };
    }
  }
  const place = consolePlace(matching, request);
  if (place === undefined) refuseUnusable(matching);
  return place;
}

/** All boards that are in fastboot now. */
export async function boardsInFastboot(host: HostContext, request: BoardRequest): Promise<BoardPlace[]> {
  const { signal, timeoutMs } = request;
  const devices = await search(host, { signal, timeoutMs });
  return devices.filter(isInFastboot).map(device => placeOf(device, undefined));
}

async function chooseFrom(
  devices: readonly Device[],
  selector: DeviceSelector | undefined,
  { choose }: BoardRequest,
): Promise<Device> {
  const [first] = devices;
  if (first !== undefined && devices.length === 1) return first;
  if (choose !== undefined) return await choose(devices);
  const names = devices.map(labelOf).join(', ');
  const which = selector === undefined ? 'were found' : `answer to ${formatSelector(selector)}`;
  const all = devices.every(isInFastboot) ? ', or flash all of them with --all' : '';
  throw new AmbiguousDeviceError(`${String(devices.length)} boards ${which}: ${names}.`, {
    hint: `Name one with -d, such as -d ${selectorFor(devices[0])}${all}.`,
    facts: { candidates: devices },
  });
}

function placeOf(device: Device, selector: DeviceSelector | undefined): Exclude<BoardPlace, { kind: 'console' }> {
  const route = device.routes.find(one => one.kind === 'fastboot');
  if (route !== undefined) return inFastboot(route.target, device);
  const name = selector === undefined ? device.name : formatSelector(selector);
  const routes = sshRoutes(device);
  return { kind: 'mendel', name: labelOf(device), device: name === '' ? selectorFor(device) : name, routes };
}

function inFastboot(target: FastbootTarget, device?: Device): Extract<BoardPlace, { kind: 'fastboot' }> {
  const place = formatFastbootTarget(target);
  const serialNumber = device?.serialNumber;
  return { kind: 'fastboot', name: serialNumber === undefined ? place : `${serialNumber} (${place})`, target };
}

function consolePlace(devices: readonly Device[], { console: named }: LocateRequest): BoardPlace | undefined {
  if (named !== undefined) return { kind: 'console', name: named, console: named };
  const routes = devices.flatMap(device => device.routes);
  // A board that waits in fastboot and may not be opened is more likely the one that is meant.
  if (routes.some(route => route.kind === 'fastboot')) return undefined;
  const consoles = routes.filter(route => route.kind === 'console');
  const [only] = consoles;
  if (only === undefined || consoles.length > 1) return undefined;
  return { kind: 'console', name: only.path, console: only.path };
}

/** Says why a board that is there cannot be flashed. @throws PermissionError, DeviceNotFoundError */
function refuseUnusable(devices: readonly Device[]): void {
  const denied = devices.find(({ state }) => state === 'inaccessible');
  if (denied !== undefined) {
    throw new PermissionError(`The board ${labelOf(denied)} may not be opened by this user.`, {
      hint: UDEV_HINT,
      facts: { device: denied },
    });
  }
  const rom = devices.find(({ state }) => state === 'rom-download');
  if (rom !== undefined) {
    throw new DeviceNotFoundError(
      `The board ${labelOf(rom)} has no bootloader that starts, and waits for one over USB.`,
      {
        hint: 'Start it from an SD card with recovery.img of the release on it (switches ON OFF ON ON); that brings fastboot.',
        facts: { device: rom },
      },
    );
  }
}

async function notFound(host: HostContext, request: LocateRequest): Promise<DeviceNotFoundError> {
  const selector = await selectorOf(host, request);
  return new DeviceNotFoundError(
    selector === undefined ? 'No board was found to flash.' : `No board answers to ${formatSelector(selector)}.`,
    { hint: SWITCHES_HINT },
  );
}

async function selectorOf(host: HostContext, { device, console }: LocateRequest): Promise<DeviceSelector | undefined> {
  return await (console === undefined ? wantedSelector : wantedPlace)(host, device);
}

function isInFastboot(device: Device): boolean {
  return device.routes.some(route => route.kind === 'fastboot' && route.access === 'ready');
}

function runsMendel(device: Device): boolean {
  return sshRoutes(device).length > 0;
}

function labelOf(device: Device): string {
  const [route] = device.routes;
  const place = route === undefined ? '' : formatRoute(route);
  const name = device.name === '' ? (device.serialNumber ?? '') : device.name;
  return name === '' ? place : place === '' ? name : `${name} (${place})`;
}

function selectorFor(device: Device | undefined): string {
  if (device?.name !== undefined && device.name !== '') return device.name;
  const [route] = device?.routes ?? [];
  return route === undefined ? 'usb:PORT' : formatRoute(route);
}
