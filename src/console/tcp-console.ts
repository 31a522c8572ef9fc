import type { Socket } from 'node:net';
import { connectReason } from '../host/system-error.js';
import { openTcpSocket } from '../host/tcp-socket.js';
import { ProtocolError, TransportError } from '../errors.js';
import { withDeadline } from '../time/deadline.js';
import type { ConsolePlace } from './console-place.js';
import type { ConsolePort } from './console-port.js';
import { StreamPort } from './stream-port.js';

const CONNECT_TIMEOUT_MS = 10_000;
/** Finds a terminal server that has lost its power, in time for whoever only listens. */
const KEEP_ALIVE_MS = 30_000;

/** "Interpret as command" and the four negotiations, RFC 854: what a telnet server begins with. */
const IAC = 0xff;
const WILL = 0xfb;
const DONT = 0xfe;

/** Connects to a terminal server that passes bytes on as they are. @throws TransportError, TimeoutError, AbortedError */
export async function openTcpConsole(
  place: Extract<ConsolePlace, { kind: 'tcp' }>,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ConsolePort> {
  const { host, port } = place;
  const name = `tcp:${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  const hint = 'Check the address and the port, and that the terminal server runs.';
  const deadline = { operation: `connecting to ${name}`, timeoutMs: CONNECT_TIMEOUT_MS, signal: options.signal, hint };
  const socket = await withDeadline(deadline, signal => openSocket(place, { name, signal }));
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return new StreamPort(socket, {
    name,
    lostHint: 'The terminal server has ended the connection: another client may have taken the port over.',
    inspect: telnetGuard(name),
    close: async () => {
      await new Promise<void>(resolve => {
        socket.once('close', () => {
          resolve();
        });
        if (socket.closed) resolve();
        socket.destroySoon();
        // Only what is on its way out is waited for, not the other side.
        socket.resume();
      });
    },
  });
}

/** Refuses telnet, whose commands would be taken for what the board says, and the other way round. */
function telnetGuard(name: string): (chunk: Buffer) => void {
  const start: number[] = [];
  return chunk => {
    if (start.length >= 2) return;
    start.push(...chunk.subarray(0, 2 - start.length));
    const [first, second = 0] = start;
    if (first === IAC && second >= WILL && second <= DONT) {
      throw new ProtocolError(`${name} speaks telnet, which is no plain console.`, {
        hint: 'Give the port of the terminal server that passes bytes on as they are: `raw` or `tcp`, not `telnet`, in ser2net.',
        facts: { bytes: Buffer.from(start) },
      });
    }
  };
}

async function openSocket(
  { host, port }: { readonly host: string; readonly port: number },
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<Socket> {
  return await openTcpSocket({ host, port }, signal).catch((error: unknown) => {
    if (signal.aborted) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const problem = code === 'ECONNREFUSED' ? 'refuses the connection' : `cannot be reached: ${connectReason(error)}`;
    throw new TransportError(`${name} ${problem}.`, {
      hint: 'Check the address and the port, and that the terminal server runs.',
      cause: error,
      facts: { host, port, code },
    });
  });
}
