// What merging knows of routes: which are the same, which go over one cable, and which is the best.
import { formatRoute, isLinkLocalIpv4, isLinkLocalIpv6, type Route, type SshRoute } from '../device/route.js';

/** Each route once, the best first. */
export function sortRoutes(found: readonly Route[], shared: ReadonlySet<string>): Route[] {
  const compare = (a: Route, b: Route): number =>
    rankOf(a, shared) - rankOf(b, shared) || compareText(JSON.stringify(a), JSON.stringify(b));
  const routes = new Map<string, Route>();
  for (const route of [...found].sort(compare)) {
    const key = routeKey(route);
    const before = routes.get(key);
    if (!before) routes.set(key, route);
    else if (before.kind === 'ssh' && route.kind === 'ssh') routes.set(key, withOwnPorts(before, route));
  }
  return [...routes.values()];
}

function withOwnPorts(route: SshRoute, other: SshRoute): SshRoute {
  return { ...route, ...ownPorts(other), ...ownPorts(route) };
}

function ownPorts({ keymasterPort, fastbootPort }: SshRoute): Partial<SshRoute> {
  return {
    ...(keymasterPort === undefined ? {} : { keymasterPort }),
    ...(fastbootPort === undefined ? {} : { fastbootPort }),
  };
}

/**
 * A running system before the bootloader. Of SSH loopback and USB before LAN; then IPv4, global IPv6, link-local. An
 * address that several cables share leads to only one of them, so there the link-local one, whose scope names the cable,
 * comes first.
 */
function rankOf(route: Route, shared: ReadonlySet<string>): number {
  if (route.kind !== 'ssh') return { fastboot: 30, console: 40, usb: 50 }[route.kind];
  const medium = { loopback: 0, 'usb-network': 10, lan: 20 }[route.medium];
  if (isLinkLocalIpv6(route.address)) return medium + 3;
  if (shared.has(route.address)) return medium + 4;
  if (isLinkLocalIpv4(route.address)) return medium + 2;
  return medium + (route.address.includes(':') ? 1 : 0);
}

/** Addresses without scope that were seen over more than one cable. */
export function sharedAddresses(routes: readonly Route[]): Set<string> {
  const cables = groupBy(
    routes.filter(route => route.kind === 'ssh').filter(route => route.medium === 'usb-network'),
    route => route.address,
  );
  const isShared = (seen: readonly SshRoute[]): boolean => new Set(seen.map(cableOf)).size > 1;
  return new Set([...cables].flatMap(([address, seen]) => (isShared(seen) ? [address] : [])));
}

/** Names the USB cable that a route goes over; undefined if it goes over none. */
export function cableOf(route: Route): string | undefined {
  if (route.kind !== 'ssh') return route.usbPort ?? formatRoute(route);
  if (route.medium !== 'usb-network') return undefined;
  return route.usbPort ?? `interface ${route.interface ?? ''}`;
}

/** What makes two routes the same: an address without scope is reached through one interface, whoever saw it where. */
export function routeKey(route: Route): string {
  if (route.kind !== 'ssh') return `${route.kind} ${formatRoute(route)}`;
  const scope = isLinkLocalIpv6(route.address) ? (route.interface ?? '') : '';
  return `${route.address}%${scope} ${String(route.port)}`;
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function groupBy<Item, Key>(items: readonly Item[], keyOfItem: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOfItem(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
