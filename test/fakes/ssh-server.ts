import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server as NetServer } from 'node:net';
import type { ExecutionContext } from 'ava';
import ssh2, { type AuthContext, type Connection, type ServerChannel, type Session, type SFTPWrapper } from 'ssh2';
import { encodeEd25519 } from '../../src/keys/openssh-key.js';
import { parseHostKey, type HostKey } from '../../src/keys/host-key.js';
import { hearSignalsAfterInput } from '../../src/virtual-board/ssh-channels.js';

export interface FakeSshServerOptions {
  /** Decides about a login; default: everybody but `none`. Never calling back is a server that does not answer. */
  readonly onAuthentication?: (context: AuthContext) => void;
  /** PEM or OpenSSH text; default: one Ed25519 key. */
  readonly hostKeys?: readonly string[];
  /** Replaces running the command in a shell of this host. */
  readonly onExec?: (channel: ServerChannel, command: string) => void;
  readonly ident?: string;
  /** Serves SFTP, as bytes or by ssh2's own parser; default: there is none. */
  readonly onSubsystem?: (channel: ServerChannel) => void;
  readonly onSftp?: (sftp: SFTPWrapper) => void;
}

export interface FakeSshServer {
  readonly port: number;
  readonly hostKeys: readonly HostKey[];
  readonly logins: AuthContext[];
  /** Window sizes, environment and signals that clients sent, in order. */
  readonly requests: string[];
  readonly openConnections: () => number;
  /** Resolves when no connection is left. */
  readonly idle: () => Promise<void>;
}

/** An SSH server in this process that runs commands with this host's shell and forwards TCP. Closed when the test ends. */
export async function startFakeSshServer(
  t: ExecutionContext,
  options: FakeSshServerOptions = {},
): Promise<FakeSshServer> {
  const hostKeys = [...(options.hostKeys ?? [newEd25519()])];
  const logins: AuthContext[] = [];
  const requests: string[] = [];
  const connections = new Set<Connection>();
  const emptied = new Set<() => void>();
  const server = new ssh2.Server({ hostKeys, ...(options.ident ? { ident: options.ident } : {}) }, connection => {
    connections.add(connection);
    connection.on('error', () => undefined);
    // One for each program that runs.
    connection.setMaxListeners(0);
    connection.on('close', () => {
      connections.delete(connection);
      if (connections.size === 0) for (const resolve of emptied) resolve();
    });
    connection.on('authentication', context => {
      logins.push(context);
      if (options.onAuthentication) options.onAuthentication(context);
      else if (context.method === 'none') context.reject(['publickey']);
      else context.accept();
    });
    connection.on('session', accept => {
      serveSession(accept(), { connection, requests, options });
    });
    serveForwarding(connection);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    const closed = new Promise<void>(resolve => {
      server.close(() => {
        resolve();
      });
    });
    for (const connection of connections) connection.end();
    await closed;
  });
  return {
    port: (server.address() as AddressInfo).port,
    hostKeys: hostKeys.map(publicKeyOf),
    logins,
    requests,
    openConnections: () => connections.size,
    idle: async () => {
      if (connections.size > 0) await new Promise<void>(resolve => emptied.add(resolve));
    },
  };
}

export function newEd25519(): string {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return encodeEd25519({ publicKey: Buffer.from(x, 'base64url'), seed: Buffer.from(d, 'base64url') }, 'test');
}

function publicKeyOf(privateKey: string): HostKey {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  const key = parseHostKey(parsed.getPublicSSH());
  if (!key) throw new Error('not a host key');
  return key;
}

interface SessionParts {
  readonly connection: Connection;
  readonly requests: string[];
  readonly options: FakeSshServerOptions;
}

function serveSession(session: Session, { connection, requests, options }: SessionParts): void {
  let running: ReturnType<typeof spawn> | undefined;
  session.on('pty', (accept: (() => void) | undefined, _reject, { cols, rows, term }: Record<string, unknown>) => {
    requests.push(`pty ${String(term)} ${String(cols)}x${String(rows)}`);
    accept?.();
  });
  session.on('window-change', (accept: (() => void) | undefined, _reject, { cols, rows }) => {
    requests.push(`window-change ${String(cols)}x${String(rows)}`);
    accept?.();
  });
  session.on('env', (accept: (() => void) | undefined, _reject, { key, val }: { key: string; val: string }) => {
    requests.push(`env ${key}=${val}`);
    accept?.();
  });
  hearSignalsAfterInput(session);
  session.on('signal', (accept: (() => void) | undefined, _reject, { name }) => {
    requests.push(`signal ${name}`);
    accept?.();
    running?.kill(`SIG${name}` as NodeJS.Signals);
  });
  session.on('exec', (accept, _reject, { command }) => {
    const channel = accept();
    if (options.onExec) options.onExec(channel, command);
    else running = runInShell(connection, channel, command);
  });
  const { onSftp } = options;
  if (onSftp) {
    session.on('sftp', accept => {
      onSftp(accept());
    });
  }
  session.on('subsystem', (accept, reject) => {
    if (options.onSubsystem) options.onSubsystem(accept());
    else reject();
  });
  session.on('shell', accept => {
    running = runInShell(connection, accept(), 'cat');
  });
}

function runInShell(connection: Connection, channel: ServerChannel, command: string): ReturnType<typeof spawn> {
  const child = spawn('/bin/sh', ['-c', command]);
  child.stdin.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  const end = (): void => {
    child.kill();
    // What the shell started may still hold these.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  };
  channel.on('close', end);
  // The channel itself ends only when all that came over it has been read.
  connection.on('close', end);
  child.on('close', (code, signal) => {
    // Gone already if the client hung up.
    if (!channel.writable) return;
    if (signal === null) channel.exit(code ?? 0);
    else channel.exit(signal.replace('SIG', ''));
    channel.end();
  });
  return child;
}

function serveForwarding(connection: Connection): void {
  connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
    const socket = connect({ host: destIP, port: destPort, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      const channel = accept();
      channel.pipe(socket).pipe(channel);
      socket.on('error', () => {
        channel.close();
      });
      channel.on('close', () => socket.destroy());
    });
  });
  const listeners = new Map<number, NetServer>();
  connection.on('request', (accept, reject, name, info) => {
    if (name === 'tcpip-forward') {
      const server = createServer({ allowHalfOpen: true }, socket => {
        const { port } = server.address() as AddressInfo;
        connection.forwardOut(info.bindAddr, port, '127.0.0.1', socket.remotePort ?? 0, (error, channel) => {
          socket.on('error', () => undefined);
          if (error) {
            socket.destroy();
            return;
          }
          channel.pipe(socket).pipe(channel);
          channel.on('close', () => socket.destroy());
          socket.on('close', () => {
            channel.close();
          });
        });
      });
      server.once('error', () => reject?.());
      server.listen(info.bindPort, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        listeners.set(port, server);
        (accept as ((port: number) => void) | undefined)?.(port);
      });
    } else {
      listeners.get(info.bindPort)?.close();
      listeners.delete(info.bindPort);
      accept?.();
    }
  });
  connection.on('close', () => {
    for (const server of listeners.values()) server.close();
  });
}
