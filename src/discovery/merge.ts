import type { Device, DeviceState } from '../device/device.js';
import { usbIdOf } from '../device/usb-ids.js';
import { fingerprint, type HostKey } from '../keys/host-key.js';
import { cableOf, compareText, groupBy, routeKey, sharedAddresses, sortRoutes } from './merge-routes.js';
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
  const shared = sharedAddresses(sightings.map(sighting => sighting.route));
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
  const routes = sortRoutes(
    group.map(sighting => sighting.route),
    shared,
  );
  return {
    name: toldName === '' ? (match?.name ?? '') : toldName,
    state: stateOf(group, match !== undefined),
    routes,
    ...(serialNumber === undefined ? {} : { serialNumber }),
    // Of two paired boards with one name, the key does not tell which this is.
    ...(match && matches.length === 1 ? { hostKeyFingerprint: fingerprint(match.hostKey) } : {}),
  };
}

/** A system that can be logged in to counts most; what can be seen and not opened is of no use to this user. */
function stateOf(group: readonly Sighting[], isPaired: boolean): DeviceState {
  const kinds = new Set(group.map(sighting => sighting.route.kind));
  if (kinds.has('ssh')) return isPaired ? 'online' : 'unpaired';
  if (group.every(sighting => sighting.access === 'denied')) return 'inaccessible';
  if (kinds.has('fastboot')) return 'fastboot';
  if (kinds.has('console')) return 'console-only';
  const isAccelerator = group.some(({ route }) => route.kind === 'usb' && usbIdOf(route)?.mode === 'accelerator');
  return isAccelerator ? 'accelerator' : 'rom-download';
}

/** The name announced by mDNS, else the one the USB device has, else none. */
function nameOf(group: readonly Sighting[]): string {
  const names = (source: Sighting['source']): string[] =>
    group.flatMap(sighting => (sighting.source === source && sighting.name !== '' ? [sighting.name] : []));
  return smallest(names('mdns')) ?? smallest(names('usb-network')) ?? smallest(names('serial')) ?? '';
}

function keyOf(name: string): string {
  return name.toLowerCase();
}

function compareDevices(a: Device, b: Device): number {
  return compareText(a.name, b.name) || compareText(JSON.stringify(a), JSON.stringify(b));
}

function smallest(texts: readonly string[]): string | undefined {
  return [...texts].sort(compareText)[0];
}
