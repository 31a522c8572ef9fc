// The shapes in which boards are shown: lines of Python MDT, a table, JSON.
import type { Device } from '../../device/device.js';
import { formatRoute, routeHost, type Route } from '../../device/route.js';
import { renderTable } from './table.js';

/** A word that chooses this board: its name, or its address where it has not told one. */
export function nameOf(device: Device): string {
  if (device.name !== '') return device.name;
  return device.routes[0] === undefined ? '(unknown)' : formatRoute(device.routes[0]);
}

/**
 * `name<TAB><TAB>(address)` or `(address,default)`: the line of Python MDT, which scripts take apart. It knew no boards
 * that are away; `--all` marks them `(address,offline)`.
 */
export function mdtLine(device: Device, isDefault: boolean): string {
  const address = device.routes[0] === undefined ? '' : formatRoute(device.routes[0]);
  const marks = `${isDefault ? ',default' : ''}${device.state === 'offline' ? ',offline' : ''}`;
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
  if (route.medium !== 'usb-network') return route.medium;
  return route.usbPort === undefined ? 'usb' : `usb ${route.usbPort}`;
}

/**
 * Schema of a board in `--json`; fields are added, never changed. `name` is empty where the board has not told it;
 * `host` is the address as ssh takes it, with the scope of link-local IPv6; `hostKey` is the pinned fingerprint.
 */
export interface DeviceJson {
  readonly name: string;
  readonly state: Device['state'];
  readonly default: boolean;
  readonly serialNumber: string | null;
  readonly hostKey: string | null;
  readonly routes: readonly {
    readonly kind: 'ssh';
    readonly medium: 'lan' | 'usb-network' | 'loopback';
    readonly address: string;
    readonly host: string;
    readonly port: number;
    readonly interface: string | null;
    readonly usbPort: string | null;
  }[];
}

export function deviceJson(device: Device, isDefault: boolean): DeviceJson {
  return {
    name: device.name,
    state: device.state,
    default: isDefault,
    serialNumber: device.serialNumber ?? null,
    hostKey: device.hostKeyFingerprint ?? null,
    routes: device.routes.map(route => ({
      kind: route.kind,
      medium: route.medium,
      address: route.address,
      host: routeHost(route),
      port: route.port,
      interface: route.interface ?? null,
      usbPort: route.usbPort ?? null,
    })),
  };
}
