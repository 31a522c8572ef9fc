import type { Socket } from 'node:net';
import type { Algorithms, Client, ConnectConfig } from 'ssh2';
import SshClient from 'ssh2/lib/client.js';
import { safeText } from '../device/board-text.js';
import { MdtError, TransportError } from '../errors.js';
import { parseHostKey, type HostKey } from '../keys/host-key.js';
import { onAbort, throwIfAborted } from '../time/deadline.js';
import { offeredAlgorithms } from './algorithms.js';
import { createAuthenticator, type Authenticator } from './authentication.js';
import { ClientSession } from './client-session.js';
import { IdentificationReader } from './identification.js';
import { findMismatch, OfferReader } from './key-exchange-offer.js';
import { takeShortcuts, type Gate } from './ssh2-shortcuts.js';
import type { ConnectOptions, ConnectProgress } from './connect-options.js';
import { AuthenticationError, brokenProtocol, closedEarly, nothingInCommon, socketError } from './connect-errors.js';
import type { SshSession } from './session.js';

const DEFAULT_KEEP_ALIVE_MS = 15_000;
const KEEP_ALIVE_TRIES = 3;

/** An SSH server that has greeted and waits for what comes. */
export interface GreetedServer {
  /** Agrees on keys and logs in. */
  login(signal: AbortSignal): Promise<SshSession>;
  destroy(): void;
}

/** Waits over an open socket for the greeting of an SSH server. The socket is destroyed if that or the login fails. */
export async function greet(
  socket: Socket,
  options: ConnectOptions,
  progress: ConnectProgress,
  signal: AbortSignal,
): Promise<GreetedServer> {
  const client = new SshClient();
  try {
    throwIfAborted(signal);
    const authenticator = createAuthenticator(options.username, options.credentials);
    const handshake = new Handshake({ client, socket, options, progress, authenticator });
    await handshake.greeted(signal);
    return handshake;
  } catch (error) {
    discard(client, socket);
    throw error;
  }
}

function discard(client: Client, socket: Socket): void {
  // An error that comes late has nobody to go to, and must not end the process.
  client.on('error', () => undefined);
  socket.on('error', () => undefined);
  socket.destroy();
}

interface HandshakeParts {
  readonly client: Client;
  readonly socket: Socket;
  readonly options: ConnectOptions;
  readonly progress: ConnectProgress;
  readonly authenticator: Authenticator;
}

class Handshake implements GreetedServer {
  readonly #parts: HandshakeParts;
  readonly #identification = new IdentificationReader(() => {
    // Nothing more is read until it is wanted.
    this.#parts.socket.pause();
    this.#onGreeted();
  });
  readonly #offer = new OfferReader();
  readonly #failed: Promise<never>;
  readonly #algorithms: Algorithms;
  #gate: Gate | undefined;
  #onGreeted = (): void => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #resolve: (session: SshSession) => void = () => undefined;
  #hostKey: HostKey | undefined;

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
    this.#algorithms = offeredAlgorithms(parts.options);
    this.#failed = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    // Whoever waits hears of it; between greeting and login nobody does.
    this.#failed.catch(() => undefined);
  }

  async greeted(signal: AbortSignal): Promise<void> {
    const { client, socket } = this.#parts;
    const greeted = new Promise<void>(resolve => {
      this.#onGreeted = resolve;
    });
    // Listens on: a deadline that comes with the greeting leaves nobody who would close the socket.
    this.#failWith(signal);
    client.on('error', this.#onError).on('close', this.#onClose).on('ready', this.#onReady);
    client.connect(this.#config());
    this.#gate = takeShortcuts(client, { identification: this.#identification, offer: this.#offer });
    if (socket.destroyed) this.#onClose();
    await Promise.race([this.#gate ? greeted : undefined, this.#failed]);
  }

  async login(signal: AbortSignal): Promise<SshSession> {
    const { client, socket } = this.#parts;
    const stopListening = this.#failWith(signal);
    const session = new Promise<SshSession>(resolve => {
      this.#resolve = resolve;
    });
    this.#gate?.open();
    socket.resume();
    try {
      return await Promise.race([session, this.#failed]);
    } catch (error) {
      discard(client, socket);
      throw error;
    } finally {
      stopListening();
    }
  }

  destroy(): void {
    discard(this.#parts.client, this.#parts.socket);
  }

  #failWith(signal: AbortSignal): () => void {
    return onAbort(signal, () => {
      this.#fail(signal.reason);
      this.destroy();
    });
  }

  #config(): ConnectConfig {
    const { socket, options, authenticator, progress } = this.#parts;
    return {
      sock: socket,
      username: options.username,
      // The caller's deadline covers this too.
      readyTimeout: 0,
      keepaliveInterval: options.keepAliveIntervalMs ?? DEFAULT_KEEP_ALIVE_MS,
      keepaliveCountMax: KEEP_ALIVE_TRIES,
      algorithms: this.#algorithms,
      hostVerifier: (blob: Buffer, verify: (accepted: boolean) => void) => {
        // When keys are renewed later, the answer has to come at once: ssh2 mixes up its packets while it waits.
        if (this.#hostKey) verify(this.#hostKey.blob.equals(blob));
        else void this.#verify(blob, verify);
      },
      authHandler: (allowed, _partial, next) => {
        progress.stage = 'authenticating';
        // The declared type of `next` lacks `false`, which is how the end of the attempts is told.
        (next as (attempt: unknown) => void)(authenticator.next(allowed));
      },
    };
  }

  async #verify(blob: Buffer, verify: (accepted: boolean) => void): Promise<void> {
    const { options, progress, socket } = this.#parts;
    // ssh2 hands out a view of its receive buffer; the key is kept, so it is copied.
    const key = parseHostKey(Buffer.from(blob));
    try {
      if (!key) throw brokenProtocol(progress.peer, new Error('its host key is malformed'), blob);
      await options.verifyHostKey(key);
      this.#hostKey = key;
      // The server may have gone meanwhile, or the time run out: a user may have been asked.
      if (!socket.destroyed) verify(true);
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #onError = (error: Error & { level?: string; code?: unknown }): void => {
    const { progress } = this.#parts;
    const { received } = this.#identification;
    if (error instanceof MdtError) {
      this.#fail(error);
    } else if (error.level === 'client-socket') {
      this.#fail(socketError(error as NodeJS.ErrnoException, progress));
    } else if (error.level === 'client-authentication') {
      this.#fail(this.#refused());
    } else if (typeof error.code === 'number') {
      this.#fail(this.#disconnected(error.message));
    } else if (this.#identification.line !== undefined) {
      this.#fail(this.#mismatch() ?? brokenProtocol(progress.peer, error, received));
    } else {
      this.#fail(closedEarly({ ...progress, stage: 'greeting' }, received));
    }
  };

  #mismatch(): Error | undefined {
    const { offer } = this.#offer;
    const mismatch = this.#parts.progress.stage === 'key-exchange' && offer && findMismatch(offer, this.#algorithms);
    return mismatch ? nothingInCommon(this.#parts.progress.peer, mismatch) : undefined;
  }

  readonly #onClose = (): void => {
    this.#fail(closedEarly(this.#parts.progress, this.#identification.received));
  };

  readonly #onReady = (): void => {
    const { client, socket, progress } = this.#parts;
    if (!this.#hostKey) {
      this.#fail(brokenProtocol(progress.peer, new Error('it showed no host key'), this.#identification.received));
      return;
    }
    this.#stopListening();
    progress.stage = 'ready';
    this.#resolve(
      new ClientSession(client, socket, {
        hostKey: this.#hostKey,
        peer: progress.peer,
        serverVersion: this.#serverVersion(),
      }),
    );
  };

  /** What stands between `SSH-2.0-` and the line end. */
  #serverVersion(): string {
    return safeText((this.#identification.line ?? '').replace(/^SSH-[^-]*-/, ''));
  }

  #refused(): AuthenticationError {
    const { authenticator, options, progress } = this.#parts;
    const methods = authenticator.allowed;
    const takes = methods.length === 0 ? 'nothing that was offered' : `only: ${methods.join(', ')}`;
    return new AuthenticationError(
      `${progress.peer} does not let ${options.username} in; it takes ${takes}.`,
      methods,
      {
        hint: 'Make the board trust this host with `mdt pair`.',
        facts: { peer: progress.address, username: options.username },
      },
    );
  }

  #disconnected(text: string): Error {
    const { progress } = this.#parts;
    if (progress.stage === 'authenticating' && /authentication/i.test(text)) return this.#refused();
    return new TransportError(`${progress.peer} ended the connection: ${safeText(text)}.`, {
      facts: { peer: progress.address },
    });
  }

  #fail(error: unknown): void {
    this.#stopListening();
    this.#reject(error);
  }

  #stopListening(): void {
    const { client } = this.#parts;
    client.off('error', this.#onError).off('close', this.#onClose).off('ready', this.#onReady);
    client.on('error', () => undefined);
  }
}
