import type { Duplex } from 'node:stream';
import type { Client, ClientChannel, TcpConnectionDetails } from 'ssh2';
import type { Endpoint, RemoteListener } from './session.js';

type Done<T> = (error: Error | null | undefined, value: T) => void;

/** Opens a connection from the board to `target`, RFC 4254 section 7.2 and OpenSSH's PROTOCOL section 2.4. */
export function connectFrom(client: Client, target: Endpoint, done: Done<ClientChannel>): void {
  if (target.kind === 'unix') client.openssh_forwardOutStreamLocal(target.path, done);
  else client.forwardOut('127.0.0.1', 0, target.host, target.port, done);
}

export interface ListenRequest {
  readonly listen: Endpoint;
  readonly onConnection: (stream: Duplex) => void;
  /** Whether there is still a connection on which to take the listener back. */
  readonly isOpen: () => boolean;
}

/** Listens on the board, RFC 4254 section 7.1; connections to other listeners of the session are left alone. */
export async function listenOn(
  client: Client,
  request: ListenRequest,
  ask: (start: (done: Done<RemoteListener>) => void) => Promise<RemoteListener>,
): Promise<RemoteListener> {
  return ask(done => {
    if (request.listen.kind === 'tcp') listenTcp(client, request, request.listen, done);
    else listenUnix(client, request, request.listen.path, done);
  });
}

function listenTcp(
  client: Client,
  request: ListenRequest,
  { host, port: asked }: { host: string; port: number },
  done: Done<RemoteListener>,
): void {
  client.forwardIn(host, asked, (error, port) => {
    if (error) {
      done(error, undefined as never);
      return;
    }
    const onConnection = (details: TcpConnectionDetails, accept: () => ClientChannel): void => {
      if (details.destPort === port && details.destIP === host) request.onConnection(accept());
    };
    client.on('tcp connection', onConnection);
    done(undefined, {
      port,
      [Symbol.asyncDispose]: async () => {
        client.off('tcp connection', onConnection);
        await takeBack(client, request, answered => client.unforwardIn(host, port, answered));
      },
    });
  });
}

function listenUnix(client: Client, request: ListenRequest, path: string, done: Done<RemoteListener>): void {
  client.openssh_forwardInStreamLocal(path, error => {
    if (error) {
      done(error, undefined as never);
      return;
    }
    const onConnection = (details: { socketPath: string }, accept: () => Duplex): void => {
      if (details.socketPath === path) request.onConnection(accept());
    };
    client.on('unix connection', onConnection);
    done(undefined, {
      port: 0,
      [Symbol.asyncDispose]: async () => {
        client.off('unix connection', onConnection);
        await takeBack(client, request, answered => client.openssh_unforwardInStreamLocal(path, answered));
      },
    });
  });
}

/** How long to wait for the board to say that it listens no more. */
const TAKE_BACK_TIMEOUT_MS = 1000;

/** The connection may end instead of answering, or stay silent; its end takes the listener with it anyway. */
async function takeBack(client: Client, request: ListenRequest, ask: (answered: () => void) => void): Promise<void> {
  if (!request.isOpen()) return;
  await new Promise<void>(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      client.off('close', end);
      resolve();
    };
    const timer = setTimeout(end, TAKE_BACK_TIMEOUT_MS);
    client.once('close', end);
    ask(end);
  });
}
