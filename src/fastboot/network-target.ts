import { FASTBOOT_PORT } from './transport.js';

/** A board that is reached over the network. */
export interface NetworkTarget {
  readonly protocol: 'tcp' | 'udp';
  /** Name or address; link-local IPv6 with its scope. */
  readonly host: string;
  /** Default 5554. */
  readonly port?: number;
}

export function portOf(target: NetworkTarget): number {
  return target.port ?? FASTBOOT_PORT;
}

/** As the user writes it: `tcp:192.168.1.7`, `udp:[fe80::1%eth0]:5555`. */
export function formatTarget(target: NetworkTarget): string {
  const { protocol, host, port } = target;
  if (port === undefined) return `${protocol}:${host}`;
  return host.includes(':') ? `${protocol}:[${host}]:${String(port)}` : `${protocol}:${host}:${String(port)}`;
}
