import type { Duplex, Readable, Writable } from 'node:stream';
import type { HostKey } from '../keys/host-key.js';
import type { SftpChannel } from './sftp.js';

/** How a remote program ended. `lost`: the connection broke before the board told. */
export type RemoteExit =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'lost' };

/** Size of a pseudo-terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** How a program is started on the board. */
export interface ExecOptions {
  /** Run under a pseudo-terminal of this type and size; stderr then arrives on stdout. */
  readonly pty?: TerminalSize & { readonly term: string };
  /** Sent before the program starts; the board's sshd decides which names it accepts. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** A program running on the board. Streams are binary; `stdin.end()` sends end-of-file. */
export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves once, after both output streams have ended, or at once when it is closed here; never rejects. */
  readonly exit: Promise<RemoteExit>;
  resize(size: TerminalSize): void;
  /** Sends a signal by name without SIG, such as `INT`. */
  kill(signal: string): void;
  /** Closes the channel without waiting for the program, whose exit is then `lost`; the output ends. */
  close(): void;
}

/** How a command of the board is run to its end. */
export interface RunOptions {
  /** Written to stdin, which is then closed. */
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** Default 30 s. */
  readonly timeoutMs?: number;
  /** Default 4 MiB for each stream; more is a ProtocolError. */
  readonly maxOutputBytes?: number;
  /** As it reads after "Timed out while"; default: running a command on the board. */
  readonly operation?: string;
}

export interface RunResult {
  readonly exit: RemoteExit;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Where a forwarded connection starts or ends: a TCP port of an address, or a Unix socket. */
export type Endpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** One authenticated connection to a board; every command makes exactly one. */
export interface SshSession extends AsyncDisposable {
  readonly hostKey: HostKey;
  /** Software version line of the server, such as `OpenSSH_7.9p1 Debian-10`. */
  readonly serverVersion: string;
  /** Resolves when the connection has ended, with the error if it was lost. */
  readonly closed: Promise<Error | undefined>;
  /** Starts a program through the login shell. @throws TransportError, AbortedError */
  exec(command: string, options?: ExecOptions): Promise<RemoteProcess>;
  /** Starts the login shell itself. */
  shell(options: ExecOptions & Required<Pick<ExecOptions, 'pty'>>): Promise<RemoteProcess>;
  /** Runs a command to its end and collects its output. @throws TimeoutError, TransportError, ProtocolError */
  run(command: string, options?: RunOptions): Promise<RunResult>;
  /** Opens the SFTP subsystem; one channel is shared by all callers of a session. */
  sftp(): Promise<SftpChannel>;
  /** Opens a connection from the board to `target`. */
  connectFrom(target: Endpoint): Promise<Duplex>;
  /** Listens on the board and hands over each connection; resolves with the port in use and what ends it. */
  listenOn(listen: Endpoint, onConnection: (stream: Duplex) => void): Promise<RemoteListener>;
  close(): Promise<void>;
}

export interface RemoteListener extends AsyncDisposable {
  /** The port the board chose, where 0 was asked for; 0 for a Unix socket. */
  readonly port: number;
}
