import { isRunning, type Device, type DeviceState } from '../device/device.js';
import { formatRoute } from '../device/route.js';
import { formatSelector, matchesSelector } from '../device/selector.js';
import { UDEV_HINT } from '../device/usb-ids.js';
import { watch, type DeviceChange } from '../discovery/watch.js';
import { DeviceNotFoundError } from '../errors.js';
import { loadKnownBoards } from '../keys/known-boards.js';
import { withDeadline } from '../time/deadline.js';
import { asDevice } from './candidates.js';
import { search, wantedPlace, wantedSelector, type HostContext } from './host.js';

/** How boards are searched for. */
export interface ListOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Add the known boards that do not answer, as `offline`. */
  readonly includeOffline?: boolean | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** The boards that can be reached now, known ones marked as such. */
export async function listBoards(host: HostContext, options: ListOptions = {}): Promise<Device[]> {
  const known = await loadKnownBoards(host.paths.knownBoardsFile);
  const found = await search(host, { known, ...searchOptions(options) });
  if (options.includeOffline !== true) return found;
  const away = known.filter(board => !found.some(device => device.name.toLowerCase() === board.name.toLowerCase()));
  return [...found, ...away.map(asDevice)];
}

/** Boards as they come, change and go, until `signal` aborts. */
export async function* watchBoards(host: HostContext, options: ListOptions = {}): AsyncIterable<DeviceChange> {
  const known = await loadKnownBoards(host.paths.knownBoardsFile);
  yield* watch({
    known,
    ...(host.sources === undefined ? {} : { sources: host.sources() }),
    ...searchOptions(options),
  });
}

/** Which board is waited for, in which state and for how long. */
export interface WaitOptions {
  readonly device?: string | undefined;
  /** Default: one in which the board can be logged in to. */
  readonly state?: DeviceState | undefined;
  /** Default: no end. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** Waits until the wanted board, or any, is there and in the wanted state. @throws TimeoutError */
export async function waitForBoard(host: HostContext, options: WaitOptions = {}): Promise<Device> {
  const isUp = options.state === undefined || options.state === 'online' || options.state === 'unpaired';
  const selector = await (isUp ? wantedSelector : wantedPlace)(host, options.device);
  const operation = `waiting for ${selector ? formatSelector(selector) : 'a board'}`;
  const search = async (signal?: AbortSignal): Promise<Device> => {
    for await (const change of watchBoards(host, { signal, onWarning: options.onWarning })) {
      const { kind, device } = change;
      const isThere = options.state === undefined ? isRunning(device) : device.state === options.state;
      if (kind === 'removed' || (selector && !matchesSelector(device, selector))) continue;
      if (isThere) return device;
      if (device.state === 'inaccessible') options.onWarning?.(notAllowed(device));
    }
    throw new DeviceNotFoundError('The search for boards ended before one was found.');
  };
  if (options.timeoutMs === undefined) return search(options.signal);
  const hint = 'Check the power and the USB data cable; a first boot takes minutes.';
  return withDeadline({ operation, timeoutMs: options.timeoutMs, signal: options.signal, hint }, search);
}

/** It would be waited for in vain. */
function notAllowed({ serialNumber, routes }: Device): string {
  const [route] = routes;
  const name = serialNumber ?? (route === undefined ? '' : formatRoute(route));
  return `The board ${name} is there, but may not be opened by this user. ${UDEV_HINT}`;
}

function searchOptions(options: ListOptions): {
  timeoutMs?: number;
  signal?: AbortSignal;
  onWarning?: (text: string) => void;
} {
  return {
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onWarning === undefined ? {} : { onWarning: options.onWarning }),
  };
}
