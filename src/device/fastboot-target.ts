import { isIP } from 'node:net';
import { UsageError } from '../errors.js';

/** Where a board in fastboot is spoken to. */
export type FastbootTarget = NetworkTarget | UsbTarget;

/** A bootloader that speaks fastboot over TCP or UDP. */
export interface NetworkTarget {
  readonly protocol: 'tcp' | 'udp';
  /** Name or address; link-local IPv6 with its scope. */
  readonly host: string;
  /** Default 5554. */
  readonly port?: number;
}

/** A bootloader that speaks fastboot over USB, at a port of this host. */
export interface UsbTarget {
  readonly protocol: 'usb';
  /** Bus-port path, such as `1-1.4`: it names one board, where serial numbers may repeat. */
  readonly usbPort: string;
}

/** Port of fastboot over TCP and UDP. */
const FASTBOOT_PORT = 5554;

export function portOf(target: NetworkTarget): number {
  return target.port ?? FASTBOOT_PORT;
}

/** As the user writes it: `usb:1-1.4`, `tcp:192.168.1.7`, `udp:[fe80::1%eth0]:5555`. */
export function formatFastbootTarget(target: FastbootTarget): string {
  if (target.protocol === 'usb') return `usb:${target.usbPort}`;
  const { protocol, host, port } = target;
  if (port === undefined) return `${protocol}:${host}`;
  return host.includes(':') ? `${protocol}:[${host}]:${String(port)}` : `${protocol}:${host}:${String(port)}`;
}

/** Parses `usb:PORT`, and `tcp:…` and `udp:…` as `parseNetworkTarget` does. @throws UsageError if the text is neither */
export function parseFastbootTarget(text: string): FastbootTarget {
  const usbPort = /^usb:(\S+)$/.exec(text.trim())?.[1];
  return usbPort === undefined ? parseNetworkTarget(text) : { protocol: 'usb', usbPort };
}

/**
 * Parses `tcp:host[:port]` and `udp:host[:port]`; IPv6 addresses in brackets, or bare where no port follows.
 * @throws UsageError if the text is neither
 */
export function parseNetworkTarget(text: string): NetworkTarget {
  const [, protocol, place = ''] = /^(tcp|udp):(.+)$/.exec(text.trim()) ?? [];
  const [, bracketed, name, digits] = /^(?:\[(.+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(place) ?? [];
  const host = name ?? bracketed ?? place;
  const port = digits === undefined ? undefined : Number(digits);
  const isHost = name !== undefined || isIP(host.replace(/%.+$/, '')) === 6;
  const isPort = port === undefined || (port > 0 && port < 65_536);
  if (protocol === undefined || !isHost || !isPort) {
    throw new UsageError(`${JSON.stringify(text)} is not a board in fastboot.`, {
      hint: 'Write usb:PORT, tcp:HOST or udp:HOST, the last two with :PORT behind them where it is not 5554.',
    });
  }
  return { protocol: protocol === 'tcp' ? 'tcp' : 'udp', host, ...(port === undefined ? {} : { port }) };
}
