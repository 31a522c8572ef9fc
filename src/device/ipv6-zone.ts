import { networkInterfaces } from 'node:os';

/**
 * Whether the interface that a link-local address names is there. To be asked before connecting: libuv 1.49 and later
 * (`uv__tcp_connect`) take some other interface where it is not, and so whatever has that address there.
 */
export function hasZone(host: string): boolean {
  const [, zone] = /%(.+)$/.exec(host) ?? [];
  if (zone === undefined) return true;
  // Windows numbers them.
  return Object.entries(networkInterfaces()).some(
    ([name, addresses = []]) =>
      name === zone || addresses.some(one => one.family === 'IPv6' && String(one.scopeid) === zone),
  );
}
