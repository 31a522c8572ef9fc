import type { Socket as DatagramSocket } from 'node:dgram';
import type { Server } from 'node:net';
import { threadId } from 'node:worker_threads';
import { pause } from '../time/deadline.js';

/**
 * Ports of a board that may have any: below those that systems give to connections and to other servers that ask for
 * any, so that a port which the board releases for a while (reboot, keymaster) is still free when it comes back.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_767;
const PORTS = LAST_PORT - FIRST_PORT + 1;
/**
 * A board that comes back finds its own port taken for a moment where this process is starting a program: until that
 * runs, it holds copies of all sockets.
 */
const OWN_TRIES = 50;
const RETRY_MS = 40;

/**
 * How many were chosen. None is chosen twice before all others: the one that a board has released is free only as long
 * as no other board takes it, and the ports of its fastboot are released as long as its system runs.
 */
let chosen = 0;

/** Listens on `port`, or on a free one of its choice for 0. @throws the host's error, such as EADDRINUSE */
export function listen(server: Server, address: string, port: number): Promise<number> {
  return onPort(port, (wanted, done) => {
    listenOnce(server, done, () => server.listen(wanted, address));
  });
}

/** The same for a socket of UDP. */
export function listenUdp(socket: DatagramSocket, address: string, port: number): Promise<number> {
  return onPort(port, (wanted, done) => {
    listenOnce(socket, done, () => socket.bind(wanted, address));
  });
}

type Done = (error?: Error) => void;

async function onPort(port: number, start: (port: number, done: Done) => void): Promise<number> {
  for (let tries = 1; ; tries++) {
    const wanted = port === 0 ? nextPort() : port;
    try {
      await new Promise<void>((resolve, reject) => {
        start(wanted, error => {
          if (error === undefined) resolve();
          else reject(error);
        });
      });
      return wanted;
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isTaken || tries === (port === 0 ? PORTS : OWN_TRIES)) throw error;
      if (port !== 0) await pause(RETRY_MS);
    }
  }
}

/** Processes and threads begin far from each other: multiples of these fractions lie evenly on a circle. */
function nextPort(): number {
  const start = (process.pid * 0.7548776662 + threadId * 0.6180339887) % 1;
  return FIRST_PORT + ((Math.floor(start * PORTS) + chosen++) % PORTS);
}

function listenOnce(emitter: Server | DatagramSocket, done: Done, start: () => void): void {
  const onListening = (): void => {
    emitter.off('error', onError);
    done();
  };
  const onError = (error: Error): void => {
    emitter.off('listening', onListening);
    done(error);
  };
  emitter.once('listening', onListening).once('error', onError);
  start();
}
