import { isIP } from 'node:net';
import { UsageError } from '../errors.js';
import { sshRoutes, type Device } from './device.js';
import { formatFastbootTarget, parseNetworkTarget, type NetworkTarget } from './fastboot-target.js';
import { formatRoute } from './route.js';

/** What a user wrote to choose a board, parsed. `port` is that of its SSH server, `user` who logs in there. */
export type DeviceSelector =
  | { readonly kind: 'name'; readonly name: string; readonly port?: number; readonly user?: string }
  | {
      readonly kind: 'address';
      readonly address: string;
      readonly port?: number;
      readonly scope?: string;
      readonly user?: string;
    }
  | { readonly kind: 'serial-number'; readonly serialNumber: string; readonly user?: string }
  | { readonly kind: 'usb-port'; readonly usbPort: string; readonly user?: string }
  | { readonly kind: 'fastboot'; readonly target: NetworkTarget };

const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/;

/**
 * Parses `name[:port]`, `ip[:port]`, `[ipv6%scope]:port`, `serial:…` and `usb:bus-port`, each with `user@` before it or
 * not, `ssh://[user@]host[:port]`, `tcp:host[:port]` and `udp:host[:port]`.
 * @throws UsageError if the text is none of these.
 */
export function parseSelector(text: string): DeviceSelector {
  const trimmed = text.trim().replace(/^ssh:\/\/(.*?)\/?$/i, '$1');
  const at = trimmed.lastIndexOf('@');
  if (at < 0) return parseTarget(trimmed, text);
  const user = trimmed.slice(0, at);
  const target = parseTarget(trimmed.slice(at + 1), text);
  if (!USER.test(user)) throw notABoard(text);
  if (target.kind === 'fastboot') {
    throw new UsageError(`Nobody logs in to a bootloader: ${JSON.stringify(text)}.`, { hint: 'Leave out USER@.' });
  }
  return { ...target, user };
}

function parseTarget(trimmed: string, text: string): DeviceSelector {
  if (trimmed.startsWith('serial:')) return { kind: 'serial-number', serialNumber: rest(trimmed, 'serial:') };
  if (trimmed.startsWith('usb:')) return { kind: 'usb-port', usbPort: rest(trimmed, 'usb:') };
  if (/^(tcp|udp):/.test(trimmed)) return { kind: 'fastboot', target: parseNetworkTarget(trimmed) };
  const address = parseAddress(trimmed);
  if (address) return address;
  const withPort = /^([^:]+):(\d+)$/.exec(trimmed);
  const portText = withPort?.[2];
  const name = (withPort?.[1] ?? trimmed).replace(/\.local\.?$/i, '');
  if (!NAME.test(name)) throw notABoard(text);
  return { kind: 'name', name, ...(portText === undefined ? {} : { port: parsePort(portText) }) };
}

function notABoard(text: string): UsageError {
  return new UsageError(`${JSON.stringify(text)} does not name a board.`, {
    hint: 'Give a name from `mdt devices`, an address such as 192.168.100.2 or [fe80::1%usb0]:22, serial:NUMBER, usb:PORT, or tcp:HOST.',
  });
}

/** How the selector reads in a message. */
export function formatSelector(selector: DeviceSelector): string {
  return 'user' in selector ? `${selector.user}@${formatTarget(selector)}` : formatTarget(selector);
}

function formatTarget(selector: DeviceSelector): string {
  switch (selector.kind) {
    case 'name':
      return selector.port === undefined ? selector.name : `${selector.name}:${String(selector.port)}`;
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
  return {
    kind: 'address',
    address: address.toLowerCase(),
    ...(portText === undefined ? {} : { port: parsePort(portText) }),
    ...(scope === undefined || scope === '' ? {} : { scope }),
  };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(`${text} is not a port.`, { hint: 'Ports go from 1 to 65535.' });
}
