import { isIP } from 'node:net';
import { UsageError } from '../errors.js';
import { sshRoutes, type Device } from './device.js';
import { formatFastbootTarget, parseNetworkTarget, type NetworkTarget } from './fastboot-target.js';
import { formatRoute } from './route.js';

/** What a user wrote to choose a board, parsed. */
export type DeviceSelector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'address'; readonly address: string; readonly port?: number; readonly scope?: string }
  | { readonly kind: 'serial-number'; readonly serialNumber: string }
  | { readonly kind: 'usb-port'; readonly usbPort: string }
  | { readonly kind: 'fastboot'; readonly target: NetworkTarget };

const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/;

/**
 * Parses `name`, `ip[:port]`, `[ipv6%scope]:port`, `serial:…`, `usb:bus-port`, `tcp:host[:port]` and `udp:host[:port]`.
 * @throws UsageError if the text is none of these.
 */
export function parseSelector(text: string): DeviceSelector {
  const trimmed = text.trim();
  if (trimmed.startsWith('serial:')) return { kind: 'serial-number', serialNumber: rest(trimmed, 'serial:') };
  if (trimmed.startsWith('usb:')) return { kind: 'usb-port', usbPort: rest(trimmed, 'usb:') };
  if (/^(tcp|udp):/.test(trimmed)) return { kind: 'fastboot', target: parseNetworkTarget(trimmed) };
  const address = parseAddress(trimmed);
  if (address) return address;
  const name = trimmed.replace(/\.local\.?$/i, '');
  if (NAME.test(name)) return { kind: 'name', name };
  throw new UsageError(`${JSON.stringify(text)} does not name a board.`, {
    hint: 'Give a name from `mdt devices`, an address such as 192.168.100.2 or [fe80::1%usb0]:22, serial:NUMBER, usb:PORT, or tcp:HOST.',
  });
}

/** How the selector reads in a message. */
export function formatSelector(selector: DeviceSelector): string {
  switch (selector.kind) {
    case 'name':
      return selector.name;
    case 'address': {
      const host = selector.scope === undefined ? selector.address : `${selector.address}%${selector.scope}`;
      if (selector.port === undefined) return host;
      return host.includes(':') ? `[${host}]:${String(selector.port)}` : `${host}:${String(selector.port)}`;
    }
    case 'serial-number':
      return `serial:${selector.serialNumber}`;
    case 'usb-port':
      return `usb:${selector.usbPort}`;
    case 'fastboot':
      return formatFastbootTarget(selector.target);
  }
}

export function matchesSelector(device: Device, selector: DeviceSelector): boolean {
  switch (selector.kind) {
    case 'name':
      return [device.name, bootloaderName(device)].some(name => name?.toLowerCase() === selector.name.toLowerCase());
    case 'address':
      return sshRoutes(device).some(
        route =>
          route.address === selector.address &&
          (selector.port === undefined || route.port === selector.port) &&
          (selector.scope === undefined || route.interface === selector.scope),
      );
    case 'serial-number':
      return device.serialNumber === selector.serialNumber;
    case 'usb-port':
      return device.routes.some(route => route.usbPort === selector.usbPort);
    case 'fastboot':
      return device.routes.some(route => formatRoute(route) === formatSelector(selector));
  }
}

/** In fastboot a board has no name; its serial number is what Android's fastboot calls it by. */
function bootloaderName(device: Device): string | undefined {
  return device.routes.some(route => route.kind === 'fastboot') ? device.serialNumber : undefined;
}

function rest(text: string, prefix: string): string {
  const value = text.slice(prefix.length);
  if (value === '') {
    throw new UsageError(`Nothing follows "${prefix}" in the name of the board.`, { hint: `Write ${prefix}VALUE.` });
  }
  return value;
}

function parseAddress(text: string): DeviceSelector | undefined {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (bracketed) return addressSelector(bracketed[1] ?? '', bracketed[2]);
  const ipv4 = /^(\d+\.\d+\.\d+\.\d+)(?::(\d+))?$/.exec(text);
  if (ipv4) return addressSelector(ipv4[1] ?? '', ipv4[2]);
  return text.includes(':') ? addressSelector(text, undefined) : undefined;
}

function addressSelector(host: string, portText: string | undefined): DeviceSelector | undefined {
  const [address = '', scope] = host.split('%', 2);
  if (isIP(address) === 0) return undefined;
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 1 || port > 65_535)) {
    throw new UsageError(`${String(port)} is not a port.`, { hint: 'Ports go from 1 to 65535.' });
  }
  return {
    kind: 'address',
    address: address.toLowerCase(),
    ...(port === undefined ? {} : { port }),
    ...(scope === undefined || scope === '' ? {} : { scope }),
  };
}
