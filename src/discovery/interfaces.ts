import { readdir } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { join } from 'node:path';
import { isLinkLocalIpv6 } from '../device/route.js';
import { findGadget, type Gadget } from './gadget.js';

/** An address of this host on one interface, with the length of its network prefix in bits. */
export interface HostAddress {
  readonly address: string;
  readonly prefixLength: number;
}

/** One network interface of this host that has an address. */
export interface Link {
  /** What a route calls its interface: the name, or on Windows the number that IPv6 scopes want there. */
  readonly id: string;
  readonly name: string;
  readonly loopback: boolean;
  /** Of the host's own adapter, lower case. */
  readonly mac: string;
  readonly ipv4: readonly HostAddress[];
  readonly ipv6: readonly HostAddress[];
  /** The Mendel board at the other end, if this is the network side of its USB cable. */
  readonly gadget?: Gadget;
}

export interface LinkSource {
  readonly interfaces?: () => HostInterfaces;
  readonly platform?: NodeJS.Platform;
  /** `/sys`, but for tests. */
  readonly sysfsRoot?: string;
}

type HostInterfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** More adapters than a host sensibly has; containers can make hundreds, and each costs four sockets. */
const MAX_LINKS = 64;

/**
 * The interfaces of this host that are up and have an address, loopback included; at most 64. Where there are more, these
 * come first: cables of boards, this host itself, hardware, all else.
 */
export async function listLinks(source: LinkSource = {}): Promise<Link[]> {
  const { interfaces = networkInterfaces, platform = process.platform, sysfsRoot = '/sys' } = source;
  const links = Object.entries(interfaces()).flatMap(([name, infos]) =>
    infos === undefined || infos.length === 0 ? [] : [linkOf(name, infos, platform)],
  );
  const virtual = platform === 'linux' ? await virtualInterfaces(sysfsRoot) : new Set<string>();
  const ranked = await Promise.all(
    links.map(async link => {
      if (virtual.has(link.name)) return { link, rank: link.loopback ? 1 : 3 };
      const gadget = platform === 'linux' ? await findGadget(link.name, sysfsRoot) : gadgetByAddress(link);
      return gadget ? { link: { ...link, gadget }, rank: 0 } : { link, rank: link.loopback ? 1 : 2 };
    }),
  );
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MAX_LINKS)
    .map(({ link }) => link);
}

/** Asks once for all who ask at the same time: a host of many interfaces takes long to list them. */
export function sharedLinks(list: () => Promise<readonly Link[]> = listLinks): () => Promise<readonly Link[]> {
  let listing: Promise<readonly Link[]> | undefined;
  return async () => {
    listing ??= list().finally(() => (listing = undefined));
    return listing;
  };
}

/** Linux: the names of interfaces without hardware, in one look instead of one for each of hundreds. */
async function virtualInterfaces(sysfsRoot: string): Promise<Set<string>> {
  return new Set(await readdir(join(sysfsRoot, 'devices', 'virtual', 'net')).catch(() => []));
}

function linkOf(name: string, infos: readonly NetworkInterfaceInfo[], platform: NodeJS.Platform): Link {
  const scope = infos.find(info => info.family === 'IPv6' && info.scopeid !== 0)?.scopeid;
  return {
    id: platform === 'win32' && scope !== undefined ? String(scope) : name,
    name,
    loopback: infos.some(info => info.internal),
    mac: infos[0]?.mac.toLowerCase() ?? '',
    ipv4: infos.filter(info => info.family === 'IPv4').map(hostAddress),
    ipv6: infos.filter(info => info.family === 'IPv6').map(hostAddress),
  };
}

/**
 * Where there is no sysfs: a gadget's network is 192.168.100.0/24 or 192.168.101.0/24, which a LAN may be too. But the
 * host's adapter in it is made up by the gadget, so its MAC is a locally administered one, which no LAN card has.
 */
function gadgetByAddress(link: Link): Gadget | undefined {
  const isMadeUp = (parseInt(link.mac.slice(0, 2), 16) & 2) !== 0;
  const isInRange = link.ipv4.some(own => own.prefixLength === 24 && /^192\.168\.10[01]\./.test(own.address));
  return isMadeUp && isInRange ? {} : undefined;
}

function hostAddress(info: NetworkInterfaceInfo): HostAddress {
  return {
    address: info.address,
    prefixLength: Number(info.cidr?.split('/')[1] ?? (info.family === 'IPv4' ? 32 : 128)),
  };
}

/** Changes when the interface gets or loses an address: its sockets must then be made anew. */
export function linkFingerprint(link: Link): string {
  return JSON.stringify(link);
}

/** Whether what was found on `before` still holds on `after`: the same network and the same cable, with addresses added. */
export function isContinued(before: Link, after: Link): boolean {
  const stays = (own: HostAddress): boolean =>
    [...after.ipv4, ...after.ipv6].some(
      other => other.address === own.address && other.prefixLength === own.prefixLength,
    );
  const isSameCable = JSON.stringify(before.gadget) === JSON.stringify(after.gadget);
  // IPv6 addresses are replaced in the course of time; the network is the same as long as one stays.
  const isSameNetwork = before.ipv4.length > 0 ? before.ipv4.every(stays) : before.ipv6.some(stays);
  return before.id === after.id && isSameCable && isSameNetwork;
}

/** Whether this host reaches `address` on `link` directly, without a router. */
export function isOnLink(link: Link, address: string): boolean {
  if (isIPv6(address)) {
    if (isLinkLocalIpv6(address)) return link.ipv6.some(own => isLinkLocalIpv6(own.address));
    const bits = ipv6Bits(address);
    return link.ipv6.some(own => (ipv6Bits(own.address) ^ bits) >> BigInt(128 - own.prefixLength) === 0n);
  }
  const number = ipv4Number(address);
  return link.ipv4.some(own => {
    const hosts = 2 ** (32 - own.prefixLength);
    return Math.floor(ipv4Number(own.address) / hosts) === Math.floor(number / hosts);
  });
}

function ipv4Number(address: string): number {
  return address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);
}

function ipv6Bits(address: string): bigint {
  const [head = '', tail] = canonicalIpv6(address).split('::');
  const groups = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), groups(tail)];
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

/** IPv6 address in the one spelling of RFC 5952, without scope and without dotted decimals. */
export function canonicalIpv6(address: string): string {
  return new URL(`http://[${address.split('%')[0] ?? ''}]/`).hostname.slice(1, -1);
}
