// The shapes in which boards are shown: lines of Python MDT, a table, JSON.
import type { Device } from '../../device/device.js';
import { formatRoute, routeHost, type Route, type SshRoute } from '../../device/route.js';
import { formatUsbId } from '../../device/usb-ids.js';
import { renderTable } from './table.js';

/** A word that chooses this board: its name, its serial number in fastboot, or else where it is. */
export function nameOf(device: Device): string {
  if (device.name !== '') return device.name;
  if (device.serialNumber !== undefined && device.routes[0]?.kind === 'fastboot') return device.serialNumber;
  return device.routes[0] === undefined ? '(unknown)' : formatRoute(device.routes[0]);
}

/** Of the boards that Python MDT did not know: the state stands in the line, so that no script takes them for one to log in to. */
const MARKED_STATES = new Set<Device['state']>([
  'fastboot',
  'console-only',
  'rom-download',
  'accelerator',
  'inaccessible',
  'offline',
]);

/**
 * `name<TAB><TAB>(address)` or `(address,default)`: the line of Python MDT, which scripts take apart. Boards that it did
 * not know carry their state: `(usb:1-1.4,fastboot)`.
 */
export function mdtLine(device: Device, isDefault: boolean): string {
  const address = device.routes[0] === undefined ? '' : formatRoute(device.routes[0]);
  const marks = `${isDefault ? ',default' : ''}${MARKED_STATES.has(device.state) ? `,${device.state}` : ''}`;
  return `${nameOf(device)}\t\t(${address}${marks})`;
}

export function deviceTable(
  devices: readonly Device[],
  isDefault: (device: Device) => boolean,
  emphasise: (text: string) => string,
): string[] {
  const rows = devices.map(device => [
    `${nameOf(device)}${isDefault(device) ? ' *' : ''}`,
    device.state,
    device.routes.map(formatRoute).join(', '),
    [...new Set(device.routes.map(mediumOf))].join(', '),
  ]);
  return renderTable(['NAME', 'STATE', 'ADDRESS', 'MEDIUM'], rows, emphasise);
}

/** `192.168.100.2 (usb 1-1.4), 10.0.0.7 (lan)`. */
export function describeRoutes(device: Device): string {
  return device.routes.map(route => `${formatRoute(route)} (${mediumOf(route)})`).join(', ');
}

function mediumOf(route: Route): string {
  if (route.kind === 'ssh' && route.medium === 'usb-network') {
    return route.usbPort === undefined ? 'usb' : `usb ${route.usbPort}`;
  }
  return route.kind === 'console' ? 'serial console' : route.medium;
}

/**
 * Schema of a board in `--json`; fields are added, never changed. `name` is empty where the board has not told it;
 * `host` is the address as ssh takes it, with the scope of link-local IPv6; `hostKey` is the pinned fingerprint.
 * What a route has beside `kind`, `medium` and `usbPort` depends on its kind; `target` is what `mdt fastboot -s` takes.
 */
export interface DeviceJson {
  readonly name: string;
  readonly state: Device['state'];
  readonly default: boolean;
  readonly serialNumber: string | null;
  readonly hostKey: string | null;
  readonly routes: readonly RouteJson[];
}

type RouteJson = { readonly usbPort: string | null } & (
  | SshRouteJson
  | { readonly kind: 'fastboot'; readonly medium: string; readonly target: string; readonly access: 'ready' | 'denied' }
  | { readonly kind: 'console'; readonly medium: 'serial'; readonly path: string }
  | { readonly kind: 'usb'; readonly medium: 'usb'; readonly usbId: string }
);

interface SshRouteJson {
  readonly kind: 'ssh';
  readonly medium: SshRoute['medium'];
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly interface: string | null;
}

export function deviceJson(device: Device, isDefault: boolean): DeviceJson {
  return {
    name: device.name,
    state: device.state,
    default: isDefault,
    serialNumber: device.serialNumber ?? null,
    hostKey: device.hostKeyFingerprint ?? null,
    routes: device.routes.map(routeJson),
  };
}

function routeJson(route: Route): RouteJson {
  const usbPort = route.usbPort ?? null;
  switch (route.kind) {
    case 'ssh': {
      const { kind, medium, address, port } = route;
      return { kind, medium, address, host: routeHost(route), port, interface: route.interface ?? null, usbPort };
    }
    case 'fastboot':
      return { kind: route.kind, medium: route.medium, target: formatRoute(route), access: route.access, usbPort };
    case 'console':
      return { kind: route.kind, medium: route.medium, path: route.path, usbPort };
    case 'usb':
      return { kind: route.kind, medium: route.medium, usbId: formatUsbId(route), usbPort };
  }
}
