import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Connection, ServerChannel } from 'ssh2';
import { isLoopback } from '../device/route.js';

const MAX_LISTENERS = 32;

/**
 * Forwarding of TCP connections. A virtual board has no network of its own: its loopback is that of the host, and only
 * for a board that listens there too, so that nobody gets further through the board than to it. Unix sockets are refused.
 */
export function serveForwarding(connection: Connection, address: string): void {
  const listeners = new Map<number, Server>();
  const isOpen = isLoopback(address);
  connection.on('tcpip', (accept, reject, info) => {
    if (!isOpen || !isOwnName(info.destIP)) {
      reject();
      return;
    }
    const socket = connect(info.destPort, address);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      join(accept(), socket);
    });
  });
  connection.on('request', (accept, reject, name, info) => {
    if (name === 'tcpip-forward' && isOpen && isOwnName(info.bindAddr) && listeners.size < MAX_LISTENERS) {
      listen(connection, { address, bindAddress: info.bindAddr, bindPort: info.bindPort }).then(
        server => {
          const { port } = server.address() as AddressInfo;
          listeners.set(port, server);
          // Typed without the port, which answers a request for any free one.
          (accept as ((port: number) => void) | undefined)?.(port);
        },
        () => reject?.(),
      );
    } else if (name === 'cancel-tcpip-forward' && listeners.has(info.bindPort)) {
      listeners.get(info.bindPort)?.close();
      listeners.delete(info.bindPort);
      accept?.();
    } else {
      reject?.();
    }
  });
  connection.once('close', () => {
    for (const server of listeners.values()) server.close();
  });
}

interface Bind {
  readonly address: string;
  /** As the client wrote it; it wants to hear the same again. */
  readonly bindAddress: string;
  readonly bindPort: number;
}

async function listen(connection: Connection, { address, bindAddress, bindPort }: Bind): Promise<Server> {
  const server = createServer(socket => {
    const { port } = server.address() as AddressInfo;
    // It may be gone before the client has opened its side.
    socket.on('error', () => socket.destroy());
    connection.forwardOut(bindAddress, port, socket.remoteAddress ?? '', socket.remotePort ?? 0, (error, channel) => {
      if (error) socket.destroy();
      else join(channel, socket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(bindPort, address, resolve);
  });
  return server;
}

/** Both ways at once; when one side breaks, so does the other. */
function join(channel: ServerChannel, socket: Socket): void {
  pipeline(channel, socket, () => undefined);
  pipeline(socket, channel, () => {
    channel.close();
  });
}

/** Names by which programs on a board reach the board itself. */
function isOwnName(host: string): boolean {
  return host === '' || host === 'localhost' || host === '::1' || host === '0.0.0.0' || isLoopback(host);
}
