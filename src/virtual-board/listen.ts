import { randomInt } from 'node:crypto';
import type { Server } from 'node:net';

/**
 * Ports of a board that may have any: below those that systems give to connections and to other servers that ask for
 * any, so that a port which the board releases for a while (reboot, keymaster) is still free when it comes back.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_767;
const MAX_TRIES = 50;

/** Listens on `port`, or on a free one of its choice for 0. @throws the host's error, such as EADDRINUSE */
export async function listen(server: Server, address: string, port: number): Promise<number> {
  for (let tries = 1; ; tries++) {
    const wanted = port === 0 ? randomInt(FIRST_PORT, LAST_PORT + 1) : port;
    try {
      await listenOnce(server, address, wanted);
      return wanted;
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isTaken || port !== 0 || tries === MAX_TRIES) throw error;
    }
  }
}

async function listenOnce(server: Server, address: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
