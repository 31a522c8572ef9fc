import { usbPortOf, type Device } from '../device/device.js';
import { formatFastbootTarget, type FastbootTarget, type NetworkTarget } from '../device/fastboot-target.js';
import type { FastbootRoute } from '../device/route.js';
import { formatSelector, matchesSelector, type DeviceSelector } from '../device/selector.js';
import { UDEV_HINT } from '../device/usb-ids.js';
import { listUsbDevices, usbModeOf, whyNoUsb, type UsbDeviceFacts } from '../discovery/usb-devices.js';
import { AmbiguousDeviceError, DeviceNotFoundError, PermissionError, TransportError } from '../errors.js';
import { wantedPlace, type BoardRequest, type HostContext } from '../pairing/host.js';

/** A board in its bootloader: on USB as it was seen, on the network as it was named. */
export interface FastbootBoard {
  readonly device: Device;
  readonly route: FastbootRoute;
  /** On USB: differs each time that the board comes back. */
  readonly connection?: string;
  /** On USB: the same socket on the bus of the other speed, where the board may run Mendel. */
  readonly companionPort?: string;
}

/** What is plugged into USB now; for tests. */
export type ListUsb = () => Promise<readonly UsbDeviceFacts[]>;

export interface FastbootRequest extends Pick<BoardRequest, 'device' | 'choose'> {
  readonly list?: ListUsb | undefined;
}

/** The boards in fastboot on USB, those included that this user may not open. @throws TransportError without USB */
export async function listFastbootBoards(list: ListUsb = listUsbDevices): Promise<FastbootBoard[]> {
  const devices = await list().catch((cause: unknown) => {
    throw new TransportError(`Boards on USB cannot be listed: ${whyNoUsb(cause)}.`, {
      hint: 'Name a board that is in fastboot over the network with tcp:HOST or udp:HOST.',
      cause,
    });
  });
  return devices.filter(device => usbModeOf(device) === 'fastboot').map(boardOnUsb);
}

/**
 * The one board in fastboot that was meant: what was named, else what `MDT_DEVICE` or `preferred-device` names if that
 * can be a board in fastboot, which has no host name; else the only one on USB.
 * @throws DeviceNotFoundError, AmbiguousDeviceError, PermissionError, TransportError, UsageError
 */
export async function findFastbootBoard(host: HostContext, request: FastbootRequest = {}): Promise<FastbootBoard> {
  const selector = await wantedPlace(host, request.device);
  if (selector?.kind === 'fastboot') return boardOnNetwork(selector.target);
  const boards = await listFastbootBoards(request.list);
  const matching = boards.filter(board => selector === undefined || matchesSelector(board.device, selector));
  const ready = matching.filter(board => board.route.access === 'ready');
  const [first] = ready;
  if (first === undefined) throw matching[0] === undefined ? notFound(selector) : denied(matching[0]);
  if (ready.length === 1) return first;
  if (request.choose === undefined) throw ambiguous(selector, ready);
  const chosen = await request.choose(ready.map(board => board.device));
  return ready.find(board => board.device === chosen) ?? first;
}

/** `1b0741d6f0609912 (usb:1-1.4)`, `tcp:192.168.1.7`. */
export function nameFastbootBoard({ device, route }: FastbootBoard): string {
  const place = formatFastbootTarget(route.target);
  return device.serialNumber === undefined ? place : `${device.serialNumber} (${place})`;
}

function boardOnUsb(facts: UsbDeviceFacts): FastbootBoard {
  const { usbPort, access, serialNumber, connection, companionPort } = facts;
  const route: FastbootRoute = {
    kind: 'fastboot',
    medium: 'usb',
    target: { protocol: 'usb', usbPort },
    usbPort,
    access,
  };
  return {
    route,
    device: {
      name: '',
      state: access === 'ready' ? 'fastboot' : 'inaccessible',
      routes: [route],
      ...(serialNumber === undefined ? {} : { serialNumber }),
    },
    connection,
    ...(companionPort === undefined ? {} : { companionPort }),
  };
}

/** The board at a place that is known; on USB it is undefined while none is there. @throws TransportError without USB */
export async function boardAt(target: FastbootTarget): Promise<FastbootBoard | undefined> {
  if (target.protocol !== 'usb') return boardOnNetwork(target);
  return (await listFastbootBoards()).find(({ route }) => route.usbPort === target.usbPort);
}

export function boardOnNetwork(target: NetworkTarget): FastbootBoard {
  const route: FastbootRoute = { kind: 'fastboot', medium: target.protocol, target, access: 'ready' };
  return { route, device: { name: '', state: 'fastboot', routes: [route] } };
}

function notFound(selector: DeviceSelector | undefined): DeviceNotFoundError {
  return new DeviceNotFoundError(
    selector === undefined
      ? 'No board in fastboot was found on USB.'
      : `No board in fastboot answers to ${formatSelector(selector)}.`,
    {
      hint: 'Restart a running board with `mdt reboot-bootloader`, then check the USB data cable and `mdt devices`; name one on the network with tcp:HOST.',
    },
  );
}

function denied(board: FastbootBoard): PermissionError {
  return new PermissionError(`${nameFastbootBoard(board)} may not be opened by this user.`, {
    hint: UDEV_HINT,
    facts: { usbPort: usbPortOf(board.device) },
  });
}

function ambiguous(selector: DeviceSelector | undefined, boards: readonly FastbootBoard[]): AmbiguousDeviceError {
  const what = selector === undefined ? 'are in fastboot' : `in fastboot answer to ${formatSelector(selector)}`;
  return new AmbiguousDeviceError(
    `${String(boards.length)} boards ${what}: ${boards.map(nameFastbootBoard).join(', ')}.`,
    { hint: 'Name one by its port, such as usb:1-1.4.', facts: { candidates: boards.map(board => board.device) } },
  );
}
