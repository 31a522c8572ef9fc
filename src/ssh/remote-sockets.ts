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
  ask: (start: (done: Done<number>) => void) => Promise<number>,
): Promise<RemoteListener> {
  const { listen } = request;
  const port = await ask(done => {
    if (listen.kind === 'tcp') client.forwardIn(listen.host, listen.port, done);
    else
      client.openssh_forwardInStreamLocal(listen.path, error => {
        done(error, 0);
      });
  });
  const stop =
    listen.kind === 'tcp' ? acceptTcp(client, request, listen.host, port) : acceptUnix(client, request, listen.path);
  return {
    port,
    async [Symbol.asyncDispose]() {
      stop();
      if (!request.isOpen()) return;
      await new Promise<void>(resolve => {
        // The connection may end instead of answering; then the listener is gone as well.
        client.once('close', resolve);
        const done = (): void => {
          client.off('close', resolve);
          resolve();
        };
        if (listen.kind === 'tcp') client.unforwardIn(listen.host, port, done);
        else client.openssh_unforwardInStreamLocal(listen.path, done);
      });
    },
  };
}

function acceptTcp(client: Client, request: ListenRequest, host: string, port: number): () => void {
  const onConnection = (details: TcpConnectionDetails, accept: () => ClientChannel): void => {
    if (details.destPort === port && details.destIP === host) request.onConnection(accept());
  };
  client.on('tcp connection', onConnection);
  return () => client.off('tcp connection', onConnection);
}

function acceptUnix(client: Client, request: ListenRequest, path: string): () => void {
  const onConnection = (details: { socketPath: string }, accept: () => Duplex): void => {
    if (details.socketPath === path) request.onConnection(accept());
  };
  client.on('unix connection', onConnection);
  return () => client.off('unix connection', onConnection);
}
