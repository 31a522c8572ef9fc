import type { Socket } from 'node:net';
import { openTcpSocket } from '../device/tcp-socket.js';
import { TimeoutError } from '../errors.js';
import { withDeadline } from '../time/deadline.js';
import type { ConnectOptions, ConnectProgress, SshTarget } from './connect-options.js';
import { socketError, stageHint, stageOperation } from './connect-errors.js';
import type { SshSession } from './session.js';

export type { Credential } from './authentication.js';
export type { ConnectOptions, SshTarget } from './connect-options.js';

const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * Connects and logs in. Nothing is left open when it fails.
 * @throws TransportError when the board cannot be reached or hangs up, TimeoutError when it does not answer,
 *   AuthenticationError when it takes none of the credentials, ProtocolError when it does not speak SSH,
 *   AbortedError, and what `verifyPath` and `verifyHostKey` throw.
 */
export async function connect(target: SshTarget, options: ConnectOptions): Promise<SshSession> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const progress: ConnectProgress = { peer: formatTarget(target), stage: 'connecting' };
  try {
    return await withDeadline({ operation: 'connecting', timeoutMs, signal: options.signal }, async signal => {
      // The server starts its side while ssh2 is being loaded, which takes longer than a round trip.
      const [socket, { handshake }] = await Promise.all([
        openSocket(target, options, progress, signal),
        import('./handshake.js'),
      ]);
      return handshake(socket, options, progress, signal);
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new TimeoutError(stageOperation(progress.stage, progress.peer), timeoutMs, {
      hint: stageHint(progress.stage),
      facts: { peer: progress.peer, stage: progress.stage },
    });
  }
}

export function formatTarget({ host, port }: SshTarget): string {
  if (port === 22) return host;
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}

async function openSocket(
  target: SshTarget,
  { verifyPath }: ConnectOptions,
  progress: ConnectProgress,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await openTcpSocket(target, signal).catch((error: unknown) => {
    throw signal.aborted ? error : socketError(error as NodeJS.ErrnoException, progress.peer, 'connecting');
  });
  try {
    await verifyPath?.(socket.localAddress ?? '');
  } catch (error) {
    socket.destroy();
    throw error;
  }
  progress.stage = 'greeting';
  return socket;
}
