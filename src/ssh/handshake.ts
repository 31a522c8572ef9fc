import type { Socket } from 'node:net';
import type { Client, ConnectConfig } from 'ssh2';
import SshClient from 'ssh2/lib/client.js';
import { safeText } from '../device/board-text.js';
import { MdtError, TransportError } from '../errors.js';
import { parseHostKey, type HostKey } from '../keys/host-key.js';
import { onAbort, throwIfAborted } from '../time/deadline.js';
import { offeredAlgorithms } from './algorithms.js';
import { createAuthenticator, type Authenticator } from './authentication.js';
import { ClientSession } from './client-session.js';
import { IdentificationReader } from './identification.js';
import { takeShortcuts } from './ssh2-shortcuts.js';
import type { ConnectOptions, ConnectProgress } from './connect-options.js';
import { AuthenticationError, brokenProtocol, closedEarly, notSsh, socketError } from './connect-errors.js';
import type { SshSession } from './session.js';

const DEFAULT_KEEP_ALIVE_MS = 15_000;
const KEEP_ALIVE_TRIES = 3;

/** Agrees on keys and logs in over an open socket, which is destroyed if that fails. */
export async function handshake(
  socket: Socket,
  options: ConnectOptions,
  progress: ConnectProgress,
  signal: AbortSignal,
): Promise<SshSession> {
  const client = new SshClient();
  try {
    throwIfAborted(signal);
    const authenticator = createAuthenticator(options.username, options.credentials);
    return await new Promise<SshSession>((resolve, reject) => {
      new Handshake({ client, socket, options, progress, authenticator, signal }, resolve, reject).start();
    });
  } catch (error) {
    // An error that comes late has nobody to go to, and must not end the process.
    client.on('error', () => undefined);
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  }
}

interface HandshakeParts {
  readonly client: Client;
  readonly socket: Socket;
  readonly options: ConnectOptions;
  readonly progress: ConnectProgress;
  readonly authenticator: Authenticator;
  readonly signal: AbortSignal;
}

class Handshake {
  readonly #parts: HandshakeParts;
  readonly #resolve: (session: SshSession) => void;
  readonly #reject: (error: unknown) => void;
  readonly #identification = new IdentificationReader(() => {
    this.#parts.progress.stage = 'key-exchange';
  });
  #hostKey: HostKey | undefined;
  #stopListening = (): void => undefined;

  constructor(parts: HandshakeParts, resolve: (session: SshSession) => void, reject: (error: unknown) => void) {
    this.#parts = parts;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    const { client, socket, signal } = this.#parts;
    this.#stopListening = onAbort(signal, () => {
      this.#fail(signal.reason);
    });
    client.on('error', this.#onError).on('close', this.#onClose).on('ready', this.#onReady);
    client.connect(this.#config());
    takeShortcuts(client, this.#identification);
    if (socket.destroyed) this.#onClose();
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
      algorithms: offeredAlgorithms(options),
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
    const { peer, stage } = this.#parts.progress;
    const { received } = this.#identification;
    if (error instanceof MdtError) {
      this.#fail(error);
    } else if (error.level === 'client-socket') {
      this.#fail(socketError(error as NodeJS.ErrnoException, peer, stage));
    } else if (error.level === 'client-authentication') {
      this.#fail(this.#refused());
    } else if (typeof error.code === 'number') {
      this.#fail(this.#disconnected(error.message));
    } else if (this.#identification.line !== undefined) {
      this.#fail(brokenProtocol(peer, error, received));
    } else {
      this.#fail(received.length === 0 ? closedEarly(peer, stage) : notSsh(peer, received));
    }
  };

  readonly #onClose = (): void => {
    const { peer, stage } = this.#parts.progress;
    this.#fail(closedEarly(peer, stage));
  };

  readonly #onReady = (): void => {
    const { client, socket, progress } = this.#parts;
    if (!this.#hostKey) {
      this.#fail(brokenProtocol(progress.peer, new Error('it showed no host key'), this.#identification.received));
      return;
    }
    this.#letGo();
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
        facts: { peer: progress.peer, username: options.username },
      },
    );
  }

  #disconnected(text: string): Error {
    const { progress } = this.#parts;
    if (progress.stage === 'authenticating' && /authentication/i.test(text)) return this.#refused();
    return new TransportError(`${progress.peer} ended the connection: ${safeText(text)}.`, {
      facts: { peer: progress.peer },
    });
  }

  #fail(error: unknown): void {
    this.#letGo();
    this.#reject(error);
  }

  #letGo(): void {
    const { client } = this.#parts;
    this.#stopListening();
    client.off('error', this.#onError).off('close', this.#onClose).off('ready', this.#onReady);
    client.on('error', () => undefined);
  }
}
