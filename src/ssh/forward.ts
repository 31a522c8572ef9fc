import { connect as connectSocket, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connectReason } from '../host/system-error.js';
import { PermissionError, TransportError } from '../errors.js';
import { onAbort, throwIfAborted } from '../time/deadline.js';
import { ANY_HOST, formatEndpoint, type ForwardSpec } from './forward-spec.js';
import { discard, joinStreams } from './join-streams.js';
import type { Endpoint, SshSession } from './session.js';

/** How connections are forwarded. */
export interface ForwardOptions {
  /** Ends the forward and its connections. */
  readonly signal?: AbortSignal | undefined;
  readonly onConnection?: ((target: Endpoint) => void) | undefined;
  /** One connection failed; the forward goes on. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** Ends when it is disposed of, with the signal it was given, or with the session. */
export interface Forward extends AsyncDisposable {
  /** With the port that was chosen where 0 was asked for. */
  readonly listen: Endpoint;
}

/** More streams than this (two for each connection) at the same time are turned away, so that neither side can use up the other's files. */
const MAX_CONNECTIONS = 2 * 256;

/** Connections to `listen` on this host come out at `target`, as seen from the board. @throws TransportError, PermissionError */
export async function forwardLocal(
  session: SshSession,
  { listen, target }: ForwardSpec,
  options: ForwardOptions = {},
): Promise<Forward> {
  throwIfAborted(options.signal);
  const connections = new Connections(options);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    connections.carry(socket, target, () => session.connectFrom(target));
  });
  await listenHere(server, listen);
  const chosen = listen.kind === 'tcp' ? { ...listen, port: (server.address() as AddressInfo).port } : listen;
  return endWith(session, options.signal, {
    listen: chosen,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise(resolve => server.close(resolve));
      connections.end();
      await closed;
    },
  });
}

/** Connections to `listen` on the board come out at `target`, as seen from this host. @throws BoardRefusedError, TransportError */
export async function forwardReverse(
  session: SshSession,
  { listen, target }: ForwardSpec,
  options: ForwardOptions = {},
): Promise<Forward> {
  throwIfAborted(options.signal);
  const connections = new Connections(options);
  // An empty name stands for all interfaces, RFC 4254 section 7.1.
  const asked = listen.kind === 'tcp' && listen.host === ANY_HOST ? { ...listen, host: '' } : listen;
  const listener = await session.listenOn(asked, stream => {
    connections.carry(stream, target, () => connectHere(target));
  });
  return endWith(session, options.signal, {
    listen: listen.kind === 'tcp' ? { ...listen, port: listener.port } : listen,
    [Symbol.asyncDispose]: async () => {
      connections.end();
      await listener[Symbol.asyncDispose]();
    },
  });
}

/** The connections of one forward. */
class Connections {
  readonly #streams = new Set<Duplex>();
  readonly #options: ForwardOptions;

  constructor(options: ForwardOptions) {
    this.#options = options;
  }

  /** Joins a connection that came in to one that `connect` makes; never throws. */
  carry(incoming: Duplex, target: Endpoint, connect: () => Promise<Duplex>): void {
    this.#streams.add(incoming);
    incoming.on('error', () => undefined);
    incoming.once('close', () => this.#streams.delete(incoming));
    if (this.#streams.size > MAX_CONNECTIONS) {
      discard(incoming);
      return;
    }
    this.#options.onConnection?.(target);
    void connect()
      .then(async outgoing => {
        this.#streams.add(outgoing);
        outgoing.once('close', () => this.#streams.delete(outgoing));
        await joinStreams(incoming, outgoing);
      })
      .catch((error: unknown) => {
        discard(incoming);
        this.#options.onError?.(error instanceof Error ? error : new Error(String(error)));
      });
  }

  end(): void {
    for (const stream of this.#streams) discard(stream);
  }
}

function endWith(session: SshSession, signal: AbortSignal | undefined, forward: Forward): Forward {
  let ended: Promise<void> | undefined;
  let stopListening = (): void => undefined;
  const end = async (): Promise<void> => {
    stopListening();
    ended ??= forward[Symbol.asyncDispose]() as Promise<void>;
    await ended;
  };
  stopListening = onAbort(signal, () => void end());
  void session.closed.then(end);
  return { listen: forward.listen, [Symbol.asyncDispose]: end };
}

async function listenHere(server: Server, listen: Endpoint): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError(error, listen));
    });
    server.once('listening', resolve);
    if (listen.kind === 'unix') server.listen(listen.path);
    else if (listen.host === ANY_HOST) server.listen(listen.port);
    else server.listen(listen.port, listen.host === 'localhost' ? '127.0.0.1' : listen.host);
  });
  // Running out of files, for one, must not end what goes on; the next connection may work again.
  server.on('error', () => undefined);
}

function listenError(error: NodeJS.ErrnoException, listen: Endpoint): Error {
  const name = formatEndpoint(listen);
  const details = { cause: error, facts: { code: error.code, listen } };
  if (error.code === 'EADDRINUSE') {
    return new TransportError(`${name} is in use on this host.`, {
      ...details,
      hint: 'Choose another port, or 0 for any.',
    });
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new PermissionError(`This user may not listen on ${name}.`, {
      ...details,
      hint: 'Choose a port above 1023.',
    });
  }
  return new TransportError(`This host cannot listen on ${name}: ${connectReason(error)}.`, details);
}

async function connectHere(target: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      target.kind === 'unix'
        ? connectSocket({ path: target.path, allowHalfOpen: true })
        : connectSocket({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new TransportError(`This host cannot connect to ${formatEndpoint(target)}: ${connectReason(error)}.`, {
          cause: error,
          facts: { code: error.code },
        }),
      );
    });
    socket.once('connect', () => {
      resolve(socket);
    });
  });
}
