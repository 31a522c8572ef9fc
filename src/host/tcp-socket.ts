import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { onAbort } from '../time/deadline.js';

export interface TcpTarget {
  /** Name or literal address; link-local IPv6 with its interface as scope. */
  readonly host: string;
  readonly port: number;
}

/**
 * Connects, without delay of small packets. An error that comes before anybody listens for it shows in `destroyed` alone.
 * @throws the system's error, such as ECONNREFUSED, or ENODEV where the interface of a link-local address is not there;
 *   the signal's reason
 */
export async function openTcpSocket({ host, port }: TcpTarget, signal: AbortSignal): Promise<Socket> {
  if (!hasZone(host)) throw Object.assign(new Error(`connect ENODEV ${host}`), { code: 'ENODEV' });
  const socket = connect({ host, port, noDelay: true });
  let stopListening = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
      stopListening = onAbort(signal, () => {
        reject(signal.reason as Error);
      });
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    stopListening();
  }
}

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
