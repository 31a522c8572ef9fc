import type { Socket } from 'node:net';
import { openTcpSocket } from '../host/tcp-socket.js';
import { TimeoutError } from '../errors.js';
import { withDeadline } from '../time/deadline.js';
import type { ConnectOptions, ConnectProgress, SshTarget } from './connect-options.js';
import { LoginTimeoutError, socketError, stageHint, stageOperation } from './connect-errors.js';
import type { SshSession } from './session.js';

export type { Credential } from './credential.js';
export type { ConnectOptions, SshTarget } from './connect-options.js';

/** Until a server greets. */
const GREETING_TIMEOUT_MS = 10_000;
/** A board that is busy takes seconds for the key exchange and the login, but it does answer. */
const LOGIN_TIMEOUT_MS = 30_000;

/**
 * Connects and logs in. Nothing is left open when it fails.
 * @throws TransportError when the board cannot be reached or hangs up, ServerBusyError when it closes the connection
 *   before its greeting, TimeoutError when it does not answer, AuthenticationError when it takes none of the
 *   credentials, ProtocolError when it does not speak SSH, AbortedError, and what `verifyPath`, `onGreeting` and
 *   `verifyHostKey` throw.
 */
export async function connect(target: SshTarget, options: ConnectOptions): Promise<SshSession> {
  const address = formatTarget(target);
  const progress: ConnectProgress = { peer: options.peer ?? address, address, stage: 'connecting' };
  const greeted = await withStage(
    progress,
    { timeoutMs: options.timeoutMs ?? GREETING_TIMEOUT_MS, signal: options.signal },
    async signal => {
      // The server starts its side while ssh2 is being loaded, which takes longer than a round trip.
      const [socket, { greet }] = await Promise.all([
        openSocket(target, options, progress, signal),
        import('./handshake.js'),
      ]);
      return greet(socket, options, progress, signal);
    },
  );
  try {
    await options.onGreeting?.();
    progress.stage = 'key-exchange';
    const login = { timeoutMs: options.timeoutMs ?? LOGIN_TIMEOUT_MS, signal: options.signal };
    return await withStage(progress, login, signal => greeted.login(signal));
  } catch (error) {
    greeted.destroy();
    throw error;
  }
}

export function formatTarget({ host, port }: SshTarget): string {
  if (port === 22) return host;
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}

/** A deadline whose error says how far the connection got. */
async function withStage<T>(
  progress: ConnectProgress,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withDeadline({ operation: 'connecting', timeoutMs, signal }, work);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    const { stage, peer, address } = progress;
    const StageTimeout = stage === 'authenticating' ? LoginTimeoutError : TimeoutError;
    throw new StageTimeout(stageOperation(stage, peer), timeoutMs, {
      hint: stageHint(stage),
      facts: { peer: address, stage },
    });
  }
}

async function openSocket(
  target: SshTarget,
  { verifyPath }: ConnectOptions,
  progress: ConnectProgress,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await openTcpSocket(target, signal).catch((error: unknown) => {
    throw signal.aborted ? error : socketError(error as NodeJS.ErrnoException, progress);
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
