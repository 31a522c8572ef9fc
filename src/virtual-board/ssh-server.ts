import { createServer, type Server as NetServer, type Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection, type PublicKeyAuthContext } from 'ssh2';
import { holdsKey, readAuthorizedKeys } from './authorized-keys.js';
import type { Board } from './board.js';
import { FaultSocket } from './fault-socket.js';
import { refuses } from './faults.js';
import { listen } from './listen.js';
import type { HostKey } from '../keys/host-key.js';
import type { ServerKey } from './host-key-file.js';

const USER = 'mendel';
const PASSWORD = 'mendel';
/**
 * A real board says `OpenSSH_7.9p1 Debian-10`. Clients choose their ways by the first word (the order of names in an SFTP
 * symlink request, packet sizes), so it is the same here; the comment says what this really is.
 */
const IDENT = 'OpenSSH_7.9p1 mdt-virtual-board';
const MAX_FAILED_LOGINS = 6;

export interface SshServerOptions {
  readonly board: Board;
  readonly address: string;
  readonly port: number;
  /** As after `PasswordAuthentication yes` in sshd_config; boards from Chef on come without it. */
  readonly allowPasswords: boolean;
  readonly onConnection: (connection: Connection) => void;
}

/** The board's sshd: who may log in, and through which faults its connections run. */
export class SshServer {
  readonly #options: SshServerOptions;
  #ssh: InstanceType<typeof ssh2.Server> | undefined;
  #key: ServerKey | undefined;
  readonly #sockets = new Set<Socket>();
  #server: NetServer | undefined;
  #port: number;

  constructor(options: SshServerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** Takes the host key that connections from now on are shown. */
  useKey(key: ServerKey): void {
    this.#key = key;
    this.#ssh = new ssh2.Server({ hostKeys: [key.privateKey], ident: IDENT }, connection => {
      this.#greet(connection);
    });
  }

  get hostKey(): HostKey {
    if (this.#key === undefined) throw new Error('the board has no host key yet');
    return this.#key.hostKey;
  }

  /** Where it listens; stays the same when it stops and starts again. */
  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer(socket => {
      this.#take(socket);
    });
    this.#server = server;
    try {
      this.#port = await listen(server, this.#options.address, this.#port);
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
  }

  /** Refuses new connections; those there are go on. */
  stopListening(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Breaks off all connections as a board does that goes down. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // ssh2 asks only for what FaultSocket has of a socket.
    this.#ssh?.injectSocket(new FaultSocket(socket, this.#options.board.faults) as unknown as Socket);
  }

  #greet(connection: Connection): void {
    let failedLogins = 0;
    // A client that breaks off or talks nonsense ends its own connection; there is nobody to tell.
    connection.on('error', () => undefined);
    connection.on('authentication', context => {
      void this.#isAllowed(context).then(allowed => {
        if (allowed) {
          context.accept();
        } else if (context.method !== 'none' && ++failedLogins >= MAX_FAILED_LOGINS) {
          connection.end();
        } else {
          context.reject(this.#options.allowPasswords ? ['publickey', 'password'] : ['publickey']);
        }
      });
    });
    connection.once('ready', () => {
      this.#options.onConnection(connection);
    });
  }

  async #isAllowed(context: AuthContext): Promise<boolean> {
    if (refuses(this.#options.board.faults, 'auth') || context.username !== USER) return false;
    if (context.method === 'publickey') return this.#isKnownKey(context);
    return context.method === 'password' && this.#options.allowPasswords && context.password === PASSWORD;
  }

  async #isKnownKey(context: PublicKeyAuthContext): Promise<boolean> {
    const base64 = context.key.data.toString('base64');
    const key = ssh2.utils.parseKey(`${context.key.algo} ${base64}`);
    if (key instanceof Error) return false;
    const lines = await readAuthorizedKeys(this.#options.board.files).catch(() => []);
    if (!lines.some(line => holdsKey(line, key.type, base64))) return false;
    // Without a signature the client only asks whether it is worth signing.
    if (context.signature === undefined) return true;
    if (context.blob === undefined) return false;
    // Typed as boolean, but a signature that cannot be read gives an Error object, which would count as true.
    const verified: unknown = key.verify(context.blob, context.signature, context.hashAlgo);
    return verified === true;
  }
}
