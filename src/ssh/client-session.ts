import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { AbortedError, BoardRefusedError, TimeoutError, type ProtocolError, type TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { HostKey } from '../keys/host-key.js';
import { onAbort, throwIfAborted } from '../time/deadline.js';
import type { Connection } from './channel-input.js';
import { ChannelProcess } from './channel-process.js';
import { lostConnection } from './connect-errors.js';
import { connectFrom, listenOn } from './remote-sockets.js';
import { runToEnd } from './run.js';
import type {
  Endpoint,
  ExecOptions,
  RemoteListener,
  RemoteProcess,
  RunOptions,
  RunResult,
  SshSession,
} from './session.js';
import { openSftp } from './sftp-channel.js';
import type { SftpChannel } from './sftp.js';

type Done<T> = (error: Error | null | undefined, value: T) => void;

/** How long the last bytes may take to leave before the socket is simply closed. */
const CLOSE_TIMEOUT_MS = 1_000;
/** How long the server may take to answer a request for a channel or a listener. */
const REQUEST_TIMEOUT_MS = 30_000;

export interface SessionFacts {
  readonly hostKey: HostKey;
  readonly peer: string;
  readonly serverVersion: string;
}

/** A session over an ssh2 client that has logged in. */
export class ClientSession implements SshSession {
  readonly hostKey: HostKey;
  readonly serverVersion: string;
  readonly closed: Promise<Error | undefined>;
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #peer: string;
  #sftp: Promise<SftpChannel> | undefined;
  /** Those that run, and those that were aborted and have not ended. */
  readonly #programs = new Set<ChannelProcess>();
  #closing = false;
  #lost: TransportError | ProtocolError | undefined;

  constructor(client: Client, socket: Socket, facts: SessionFacts) {
    this.hostKey = facts.hostKey;
    this.serverVersion = facts.serverVersion;
    this.#peer = facts.peer;
    this.#client = client;
    this.#socket = socket;
    client.on('error', error => {
      this.#breakOff(lostConnection(this.#peer, error));
    });
    this.closed = new Promise(resolve => {
      client.once('close', () => {
        if (!this.#closing) this.#lost ??= lostConnection(this.#peer);
        resolve(this.#closing ? undefined : this.#lost);
      });
    });
  }

  async exec(command: string, options: ExecOptions = {}): Promise<RemoteProcess> {
    const { pty, env, signal } = options;
    return this.#request({ what: 'run a command', signal }, done => {
      const channelOptions = { ...(pty ? { pty: windowOf(pty) } : {}), ...(env ? { env } : {}) };
      this.#client.exec(command, channelOptions, this.#processFrom(signal, done));
    });
  }

  async shell(options: ExecOptions & Required<Pick<ExecOptions, 'pty'>>): Promise<RemoteProcess> {
    const { pty, env, signal } = options;
    return this.#request({ what: 'open a shell', signal }, done => {
      this.#client.shell(windowOf(pty), env ? { env } : {}, this.#processFrom(signal, done));
    });
  }

  async run(command: string, options: RunOptions = {}): Promise<RunResult> {
    return runToEnd(this, command, options);
  }

  async sftp(): Promise<SftpChannel> {
    this.#sftp ??= openSftp(this.#client, ask => this.#request({ what: 'open SFTP' }, ask));
    return this.#sftp;
  }

  async connectFrom(target: Endpoint): Promise<Duplex> {
    return this.#request<ClientChannel>({ what: 'connect onward' }, done => {
      connectFrom(this.#client, target, done);
    });
  }

  async listenOn(listen: Endpoint, onConnection: (stream: Duplex) => void): Promise<RemoteListener> {
    return listenOn(this.#client, { listen, onConnection, isOpen: () => this.#socket.writable }, ask =>
      this.#request({ what: 'listen' }, ask),
    );
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#programs].map(program => program.settled()));
    // Says goodbye and lets what is queued leave; the server's own goodbye is not waited for.
    this.#client.end();
    this.#socket.destroySoon();
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    await this.closed;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** ssh2 only says goodbye after an error, which a hostile server need not answer. */
  #breakOff(error: TransportError | ProtocolError): void {
    this.#lost ??= error;
    this.#socket.destroy();
  }

  #processFrom(signal: AbortSignal | undefined, done: Done<RemoteProcess>): Done<ClientChannel> {
    const connection: Connection = {
      isOpen: () => this.#socket.writable,
      closed: this.closed,
      breakOff: error => {
        this.#breakOff(error);
      },
    };
    return (error, channel) => {
      // After an error there is no channel, whatever the type says; nor is the value looked at then.
      done(error, error ? (undefined as never) : this.#keep(new ChannelProcess(channel, connection, signal)));
    };
  }

  #keep(program: ChannelProcess): ChannelProcess {
    this.#programs.add(program);
    void program.exit.then(() => program.settled()).then(() => this.#programs.delete(program));
    return program;
  }

  /** Asks the server for something and waits for its answer, for the end of the connection, or for `signal`. */
  async #request<T>(
    { what, signal }: { readonly what: string; readonly signal?: AbortSignal | undefined },
    ask: (done: Done<T>) => void,
  ): Promise<T> {
    throwIfAborted(signal);
    if (this.#lost ?? this.#closing) throw this.#lost ?? lostConnection(this.#peer);
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new TimeoutError(`asking ${this.#peer} to ${what}`, REQUEST_TIMEOUT_MS));
      }, REQUEST_TIMEOUT_MS);
      const stopAborting = onAbort(signal, () => {
        clearTimeout(timer);
        reject(new AbortedError({ cause: signal?.reason }));
      });
      const stopListening = (): void => {
        clearTimeout(timer);
        stopAborting();
      };
      const done: Done<T> = (error, value) => {
        stopListening();
        if (error)
          reject(
            this.#socket.writable ? refusedError(this.#peer, what, error) : (this.#lost ?? lostConnection(this.#peer)),
          );
        else if (signal?.aborted === true && isClosable(value)) value.close();
        else resolve(value);
      };
      try {
        ask(done);
      } catch (error) {
        stopListening();
        reject(this.#lost ?? lostConnection(this.#peer, error instanceof Error ? error : undefined));
      }
    });
  }
}

function isClosable(value: unknown): value is { close(): void } {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}

function windowOf(pty: NonNullable<ExecOptions['pty']>): {
  rows: number;
  cols: number;
  width: number;
  height: number;
  term: string;
} {
  return { rows: pty.rows, cols: pty.columns, width: 0, height: 0, term: pty.term };
}

function refusedError(peer: string, what: string, cause: Error): BoardRefusedError {
  return new BoardRefusedError(`${peer} refused to ${what}: ${safeText(cause.message)}.`, { cause, facts: { peer } });
}
