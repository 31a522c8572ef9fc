import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';

export interface TcpServer {
  readonly port: number;
  readonly sockets: Set<Socket>;
  /** Resolves when the last connection has been closed. */
  idle(): Promise<void>;
}

/** A TCP server on loopback that says whatever `onConnection` says. Closed, with its connections, when the test ends. */
export async function startTcpServer(t: ExecutionContext, onConnection: (socket: Socket) => void): Promise<TcpServer> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) server.emit('idle');
    });
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    idle: async () => {
      if (sockets.size > 0) await once(server, 'idle');
    },
  };
}

export interface TcpProxy extends TcpServer {
  /** From now on nothing passes, and nothing is closed: as when a cable is pulled. */
  freeze(): void;
  /** Sends something of its own to all clients. */
  inject(bytes: Buffer): void;
}

export interface TcpProxyOptions {
  readonly onFrozen?: () => void;
  /** Cuts both sides off after this many bytes to the client. */
  readonly cutAfterBytes?: number;
  /** Passes nothing more to the client after this many bytes. */
  readonly freezeAfterBytes?: number;
  /** Sends to the client in pieces of this size, each on its own. */
  readonly pieceBytes?: number;
}

/** Stands between a client and the server at `targetPort` and does what networks do. */
export async function startTcpProxy(
  t: ExecutionContext,
  targetPort: number,
  options: TcpProxyOptions = {},
): Promise<TcpProxy> {
  let frozen = false;
  const proxy = await startTcpServer(t, client => {
    let passed = 0;
    client.setNoDelay(true);
    const server = connect(targetPort, '127.0.0.1');
    server.on('error', () => undefined);
    server.on('close', () => {
      if (!frozen) client.destroy();
    });
    client.on('close', () => server.destroy());
    client.on('data', chunk => {
      if (!frozen) server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (frozen) return;
      const left = Math.min(options.cutAfterBytes ?? Infinity, options.freezeAfterBytes ?? Infinity) - passed;
      passed += chunk.length;
      const passing = chunk.subarray(0, left);
      const piece = options.pieceBytes ?? (passing.length || 1);
      for (let start = 0; start < passing.length; start += piece) client.write(passing.subarray(start, start + piece));
      if (passed >= (options.freezeAfterBytes ?? Infinity)) {
        frozen = true;
        options.onFrozen?.();
      }
      if (passed >= (options.cutAfterBytes ?? Infinity)) client.end(() => server.destroy());
    });
  });
  return {
    ...proxy,
    freeze: () => {
      frozen = true;
    },
    inject: bytes => {
      for (const socket of proxy.sockets) socket.write(bytes);
    },
  };
}
