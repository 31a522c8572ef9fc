import type { NetworkInterfaceInfo } from 'node:os';
import type { Link } from '../../src/discovery/interfaces.js';

/** One address as `os.networkInterfaces` tells it. */
export function info(cidr: string, more: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo {
  const [address = ''] = cidr.split('/');
  const base = { address, netmask: '', mac: '3c:52:82:00:00:01', internal: false, cidr };
  const family = address.includes(':') ? { family: 'IPv6' as const, scopeid: 3 } : { family: 'IPv4' as const };
  // The fields that differ between the families are those of `family`.
  return { ...base, ...family, ...more } as NetworkInterfaceInfo;
}

/** An interface with these addresses, written with the length of their prefix. */
export function pretendLink(id: string, cidrs: readonly string[], more: Partial<Link> = {}): Link {
  const own = cidrs.map(cidr => {
    const [address = '', prefixLength] = cidr.split('/');
    return { address, prefixLength: Number(prefixLength) };
  });
  return {
    id,
    name: id,
    loopback: id === 'lo',
    mac: '3c:52:82:00:00:01',
    ipv4: own.filter(({ address }) => !address.includes(':')),
    ipv6: own.filter(({ address }) => address.includes(':')),
    ...more,
  };
}
