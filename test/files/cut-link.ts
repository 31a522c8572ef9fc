import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';

/** What happens to the bytes of one connection, both directions counted together; looked at anew for each piece. */
export interface LinkTroubles {
  /** The connection breaks when it has carried this much. */
  readonly cutAfterBytes?: number;
  /** Nothing more passes when it has carried this much, and nobody is told. */
  readonly stallAfterBytes?: number;
  /** At most this much passes in a second, each way. */
  readonly bytesPerS?: number;
  /** Hears how much went towards the board. */
  readonly onSent?: (bytes: number) => void;
}

const TICK_MS = 10;

/** A port that leads to another one over a bad link. */
export async function startBadLink(t: ExecutionContext, port: number, troubles: LinkTroubles): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer(near => {
    const far = connect(port, '127.0.0.1');
    sockets.add(near).add(far);
    let carried = 0;
    const carry = (from: Socket, to: Socket): void => {
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.on('data', (chunk: Buffer) => {
        const { cutAfterBytes = Infinity, stallAfterBytes = Infinity, bytesPerS } = troubles;
        const room = Math.min(cutAfterBytes, stallAfterBytes) - carried;
        carried += chunk.length;
        if (from === near) troubles.onSent?.(chunk.length);
        if (room > 0) to.write(chunk.subarray(0, room));
        if (carried >= stallAfterBytes) {
          near.pause();
          far.pause();
        } else if (carried >= cutAfterBytes) {
          near.resetAndDestroy();
          far.destroy();
        } else if (bytesPerS !== undefined) {
          from.pause();
          setTimeout(() => from.resume(), Math.max(TICK_MS, (chunk.length / bytesPerS) * 1000));
        }
      });
    };
    carry(near, far);
    carry(far, near);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
