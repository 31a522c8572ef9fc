import { connect } from 'node:net';
import { hasZone } from '../host/tcp-socket.js';
import { systemClock, type Clock } from '../time/clock.js';
import { onAbort } from '../time/deadline.js';

export interface ProbeTarget {
  /** Literal address; link-local IPv6 with its scope. */
  readonly host: string;
  readonly port: number;
}

export interface ProbeOptions {
  /** For connecting and for the server's first line together. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** RFC 4253 section 4.2: other lines may come before the version; more of them than this is no SSH server we want. */
const MAX_GREETING_BYTES = 8192;
const VERSION_LINE = /^SSH-(2\.0|1\.99)-/m;

/**
 * Connects and waits for the version line of an SSH server, then hangs up. Returns this host's address of the
 * connection, which tells the interface it went over; undefined if no SSH server answered in time. Never throws.
 */
export async function probeSsh(target: ProbeTarget, options: ProbeOptions): Promise<string | undefined> {
  if (!hasZone(target.host)) return undefined;
  const socket = connect({ host: target.host, port: target.port });
  let cancel = (): void => undefined;
  let stopListening = (): void => undefined;
  try {
    return await new Promise<string | undefined>(resolve => {
      const giveUp = (): void => {
        resolve(undefined);
      };
      cancel = (options.clock ?? systemClock).after(options.timeoutMs, giveUp);
      stopListening = onAbort(options.signal, giveUp);
      let greeting = '';
      socket.on('data', (chunk: Buffer) => {
        greeting += chunk.toString('latin1');
        if (VERSION_LINE.test(greeting)) resolve(socket.localAddress);
        else if (greeting.length > MAX_GREETING_BYTES) giveUp();
      });
      socket.on('error', giveUp);
      socket.on('close', giveUp);
    });
  } finally {
    cancel();
    stopListening();
    socket.destroy();
  }
}
