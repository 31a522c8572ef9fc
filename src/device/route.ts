import { formatFastbootTarget, type FastbootTarget } from './fastboot-target.js';
import { formatUsbId } from './usb-ids.js';

/** One way to reach a board. */
export type Route = SshRoute | FastbootRoute | ConsoleRoute | UsbRoute;

/** How a host got to an address, which decides whether it may be trusted with a new key. */
export type SshMedium = 'lan' | 'usb-network' | 'loopback';

/**
 * One way to reach a board by SSH. `address` is a literal IPv4 or IPv6 address without scope; `interface` is the host's
 * interface it was seen on, which for link-local IPv6 is also its scope.
 */
export interface SshRoute {
  readonly kind: 'ssh';
  readonly medium: SshMedium;
  readonly address: string;
  readonly port: number;
  readonly interface?: string;
  /** USB bus-port path of the gadget behind the interface, such as `1-1.4`: tells apart boards with equal addresses. */
  readonly usbPort?: string;
  /** Port of the board's keymaster where it is not 41337; believed only on loopback, where virtual boards share one address. */
  readonly keymasterPort?: number;
  /** TCP port of fastboot once the board is in its bootloader, where it is not 5554; believed only on loopback, too. */
  readonly fastbootPort?: number;
}

/** A board that waits in its bootloader. */
export interface FastbootRoute {
  readonly kind: 'fastboot';
  readonly medium: 'usb' | 'tcp' | 'udp';
  readonly target: FastbootTarget;
  readonly usbPort?: string;
  /** `denied`: this user may not open the device. */
  readonly access: 'ready' | 'denied';
}

/** A serial console; `path` is that of the port, such as `/dev/ttyUSB0` or `COM3`. */
export interface ConsoleRoute {
  readonly kind: 'console';
  readonly medium: 'serial';
  readonly path: string;
  readonly usbPort?: string;
}

/** A USB device that takes no commands of ours: a board in ROM download mode, a USB Accelerator. */
export interface UsbRoute {
  readonly kind: 'usb';
  readonly medium: 'usb';
  readonly usbPort?: string;
  readonly vendorId: number;
  readonly productId: number;
}

export const SSH_PORT = 22;

/** The address as sockets want it: link-local IPv6 carries its interface as scope. */
export function routeHost(route: SshRoute): string {
  return isLinkLocalIpv6(route.address) && route.interface !== undefined
    ? `${route.address}%${route.interface}`
    : route.address;
}

/** For people: `192.168.100.2`, `[fe80::1%usb0]:2222`, `usb:1-1.4`, `tcp:192.168.1.7`, `/dev/ttyUSB0`. */
export function formatRoute(route: Route): string {
  switch (route.kind) {
    case 'ssh':
      return formatSshRoute(route);
    case 'fastboot':
      return formatFastbootTarget(route.target);
    case 'console':
      return route.path;
    case 'usb':
      return route.usbPort === undefined ? formatUsbId(route) : `usb:${route.usbPort}`;
  }
}

/** Port 22 is not shown. */
function formatSshRoute(route: SshRoute): string {
  const host = routeHost(route);
  if (route.port === SSH_PORT) return host;
  return host.includes(':') ? `[${host}]:${String(route.port)}` : `${host}:${String(route.port)}`;
}

export function isLinkLocalIpv6(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

export function isLinkLocalIpv4(address: string): boolean {
  return address.startsWith('169.254.');
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
