import { isIP, isIPv4 } from 'node:net';
import { isLinkLocalIpv4, isLinkLocalIpv6, isLoopback, type SshMedium, type SshRoute } from '../device/route.js';
import { isOnLink, listLinks, type Link } from './interfaces.js';

/**
 * Whether everything that stands between this host and the board is local, so that a key may be pushed to the board's
 * unauthenticated keymaster: the network side of the board's own USB cable, loopback, or a link-local address, which no
 * router forwards. The evidence is the interface, never the look of the address: 192.168.100.2 on a LAN is not local.
 *
 * On Linux an interface counts as a board's USB cable by the USB ids in sysfs; elsewhere by its address range together
 * with a made-up MAC (`listLinks`), which is weaker.
 */
export function isLocalByEvidence(route: SshRoute): boolean {
  return route.medium !== 'lan' || isLinkLocalIpv6(route.address) || isLinkLocalIpv4(route.address);
}

/** How `address`, seen on `link`, is reached from it. An address that this link does not lead to proves nothing. */
export function mediumOf(link: Link, address: string): SshMedium {
  if (isLoopback(address)) return link.loopback ? 'loopback' : 'lan';
  return link.gadget && isOnLink(link, address) ? 'usb-network' : 'lan';
}

/** A route over `link`, with the evidence that the link gives. */
export function routeOver(link: Link, address: string, port: number): SshRoute {
  const medium = mediumOf(link, address);
  const usbPort = medium === 'usb-network' ? link.gadget?.usbPort : undefined;
  return { kind: 'ssh', medium, address, port, interface: link.id, ...(usbPort === undefined ? {} : { usbPort }) };
}

export interface TypedAddress {
  readonly address: string;
  readonly port: number;
  /** Interface, as behind `%` in an address. It decides only for link-local IPv6; else the system chooses. */
  readonly scope?: string | undefined;
}

/**
 * The route to an address that was typed or remembered instead of found, judged by the interfaces of this moment. If
 * several interfaces lead to the address, the system may take any of them, so it is as local as the least local.
 */
export async function describeRoute(target: TypedAddress, links?: readonly Link[]): Promise<SshRoute> {
  const { address, port, scope } = target;
  const isScope = (link: Link): boolean => scope === link.id || scope === link.name;
  const leadsThere = (link: Link): boolean => (isLoopback(address) ? link.loopback : isOnLink(link, address));
  const candidates = (links ?? (await listLinks()))
    .filter(link => leadsThere(link) && (scope === undefined || isScope(link) || !isLinkLocalIpv6(address)))
    .sort((a, b) => Number(isScope(b)) - Number(isScope(a)));
  const routes = candidates.map(link => routeOver(link, address, port));
  const least = routes.find(route => route.medium === 'lan') ?? routes[0];
  return least ?? { kind: 'ssh', medium: 'lan', address, port, ...(scope === undefined ? {} : { interface: scope }) };
}

/**
 * Whether a connection to `route` went over its interface, by this host's own address of the connection: where two boards
 * have one IPv4 address on two cables, the system sends to one of them whichever is meant. A scope leaves no doubt.
 */
export function wentOver(route: SshRoute, ownAddress: string, links: readonly Link[]): boolean {
  if (isLinkLocalIpv6(route.address)) return true;
  const owners = links.filter(link => [...link.ipv4, ...link.ipv6].some(own => own.address === ownAddress));
  return owners.length === 1 && owners[0]?.id === route.interface;
}

/**
 * Whether an address that was announced on `link` can be a board's: no wildcard, no multicast, no broadcast, and this
 * host itself only where the announcement came from this host.
 */
export function canBeBoard(link: Link, address: string): boolean {
  if (isIP(address) === 0) return false;
  if (isLoopback(address)) return link.loopback;
  if (isIPv4(address)) {
    const first = Number(address.split('.')[0]);
    return first !== 0 && first < 224;
  }
  return address !== '::' && !/^(ff|::ffff:)/i.test(address);
}
