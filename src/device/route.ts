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
}

export type Route = SshRoute;

export const SSH_PORT = 22;

/** The address as sockets want it: link-local IPv6 carries its interface as scope. */
export function routeHost(route: SshRoute): string {
  return isLinkLocalIpv6(route.address) && route.interface !== undefined
    ? `${route.address}%${route.interface}`
    : route.address;
}

/** For people: `192.168.100.2`, `127.0.0.1:2222`, `[fe80::1%usb0]:2222`; port 22 is not shown. */
export function formatRoute(route: SshRoute): string {
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
