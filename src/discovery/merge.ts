import type { Device } from '../device/device.js';
import { isLinkLocalIpv4, isLinkLocalIpv6, type SshRoute } from '../device/route.js';
import { fingerprint, type HostKey } from '../keys/host-key.js';
import type { Sighting } from './sighting.js';

/** What merging needs to know of a board that this host is paired with; `KnownBoard` of keys/ is one. */
export interface PairedBoard {
  readonly name: string;
  readonly hostKey: HostKey;
  readonly serialNumber?: string;
}

/**
 * Folds sightings into boards, whatever their order. Sightings are of one board if they came over the same USB cable or
 * tell the same name, with one exception: different USB cables are different boards, even where name, address and MAC
 * are equal, as the addresses and MACs of all boards on USB are. If several boards on USB share a name, what was seen
 * of that name on the LAN could be either, and stays a board of its own.
 *
 * On a LAN two boards of one name cannot be told apart here; avahi renames the second.
 */
export function merge(sightings: readonly Sighting[], known: readonly PairedBoard[] = []): Device[] {
  const shared = sharedAddresses(sightings);
  return groupByBoard(sightings)
    .map(group => deviceOf(group, known, shared))
    .sort(compareDevices);
}

function groupByBoard(sightings: readonly Sighting[]): Sighting[][] {
  const cables = groupBy(sightings, sighting => cableOf(sighting.route));
  const elsewhere = cables.get(undefined) ?? [];
  cables.delete(undefined);
  const onUsb = [...cables.values()].flatMap(splitByName);
  const byName = groupBy(onUsb, group => keyOf(nameOf(group)));
  const groups = [...onUsb];
  for (const [key, group] of groupBy(elsewhere, ({ name, route }) => (name === '' ? routeKey(route) : keyOf(name)))) {
    const sameName = byName.get(key) ?? [];
    if (sameName.length === 1) sameName[0]?.push(...group);
    else groups.push(group);
  }
  return groups;
}

/**
 * One cable leads to one board, but that board may pass on what others announce. What tells no name by mDNS (a probe,
 * whose name is only what the USB device called itself when it was made) belongs to the name it tells or else the first.
 */
function splitByName(cable: readonly Sighting[]): Sighting[][] {
  const announced = groupBy(
    cable.filter(sighting => sighting.source === 'mdns' && sighting.name !== ''),
    sighting => keyOf(sighting.name),
  );
  const rest = cable.filter(sighting => sighting.source !== 'mdns' || sighting.name === '');
  const names = [...announced.keys()].sort(compareText);
  const told = names.find(name => rest.some(sighting => keyOf(sighting.name) === name)) ?? names[0];
  const owner = told === undefined ? undefined : announced.get(told);
  if (!owner) return [[...cable]];
  owner.push(...rest);
  return [...announced.values()];
}

function deviceOf(group: readonly Sighting[], known: readonly PairedBoard[], shared: ReadonlySet<string>): Device {
  const toldName = nameOf(group);
  const serialNumber = smallest(group.flatMap(sighting => sighting.serialNumber ?? []));
  const bySerialNumber = known.filter(board => board.serialNumber !== undefined && board.serialNumber === serialNumber);
  const byName = known.filter(board => toldName !== '' && keyOf(board.name) === keyOf(toldName));
  const matches = bySerialNumber.length > 0 ? bySerialNumber : byName;
  const [match] = matches;
  return {
    name: toldName === '' ? (match?.name ?? '') : toldName,
    state: match ? 'online' : 'unpaired',
    routes: sortRoutes(group, shared),
    ...(serialNumber === undefined ? {} : { serialNumber }),
    // Of two paired boards with one name, the key does not tell which this is.
    ...(match && matches.length === 1 ? { hostKeyFingerprint: fingerprint(match.hostKey) } : {}),
  };
}

/** The name announced by mDNS, else the one the USB device has, else none. */
function nameOf(group: readonly Sighting[]): string {
  const names = (source: Sighting['source']): string[] =>
    group.flatMap(sighting => (sighting.source === source && sighting.name !== '' ? [sighting.name] : []));
  return smallest(names('mdns')) ?? smallest(names('usb-network')) ?? '';
}

function sortRoutes(group: readonly Sighting[], shared: ReadonlySet<string>): SshRoute[] {
  const compare = (a: SshRoute, b: SshRoute): number =>
    rankOf(a, shared) - rankOf(b, shared) || compareText(JSON.stringify(a), JSON.stringify(b));
  const routes = new Map<string, SshRoute>();
  for (const route of group.map(sighting => sighting.route).sort(compare)) {
    const key = routeKey(route);
    const before = routes.get(key);
    if (!before) routes.set(key, route);
    else if (before.keymasterPort === undefined && route.keymasterPort !== undefined)
      routes.set(key, { ...before, keymasterPort: route.keymasterPort });
  }
  return [...routes.values()];
}

/**
 * Loopback and USB before LAN; then IPv4, global IPv6, link-local. An address that several cables share leads to only
 * one of them, so there the link-local one, whose scope names the cable, comes first.
 */
function rankOf(route: SshRoute, shared: ReadonlySet<string>): number {
  const medium = { loopback: 0, 'usb-network': 10, lan: 20 }[route.medium];
  if (isLinkLocalIpv6(route.address)) return medium + 3;
  if (shared.has(route.address)) return medium + 4;
  if (isLinkLocalIpv4(route.address)) return medium + 2;
  return medium + (route.address.includes(':') ? 1 : 0);
}

/** Addresses without scope that were seen over more than one cable. */
function sharedAddresses(sightings: readonly Sighting[]): Set<string> {
  const cables = groupBy(
    sightings.filter(({ route }) => route.medium === 'usb-network'),
    ({ route }) => route.address,
  );
  const isShared = (seen: readonly Sighting[]): boolean => new Set(seen.map(({ route }) => cableOf(route))).size > 1;
  return new Set([...cables].flatMap(([address, seen]) => (isShared(seen) ? [address] : [])));
}

/** Names the USB cable that a route goes over; undefined if it goes over none. */
function cableOf(route: SshRoute): string | undefined {
  if (route.medium !== 'usb-network') return undefined;
  return route.usbPort ?? `interface ${route.interface ?? ''}`;
}

/** What makes two routes the same: an address without scope is reached through one interface, whoever saw it where. */
function routeKey(route: SshRoute): string {
  const scope = isLinkLocalIpv6(route.address) ? (route.interface ?? '') : '';
  return `${route.address}%${scope} ${String(route.port)}`;
}

function keyOf(name: string): string {
  return name.toLowerCase();
}

function compareDevices(a: Device, b: Device): number {
  return compareText(a.name, b.name) || compareText(JSON.stringify(a), JSON.stringify(b));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function smallest(texts: readonly string[]): string | undefined {
  return [...texts].sort(compareText)[0];
}

function groupBy<Item, Key>(items: readonly Item[], keyOfItem: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOfItem(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
