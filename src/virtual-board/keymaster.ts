import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { appendAuthorizedKeys, hasMdtKey } from './authorized-keys.js';
import type { Board } from './board.js';
import { refuses } from './faults.js';
import { listen } from './listen.js';
import { AUTHORIZED_KEYS } from './root-tree.js';

export const KEYMASTER_PORT = 41_337;
/** An authorized_keys line of RSA 16384 is under 3 KiB; the real keymaster has no bound, this one must have. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * The pairing service of Mendel (mdt-services): takes one key over HTTP PUT, then ends until it is started again.
 * While authorized_keys holds a key of MDT it does not run, so connections are refused.
 */
export class Keymaster {
  readonly #board: Board;
  readonly #address: string;
  #port: number;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  /** Starts and stops happen one after the other. */
  #last: Promise<void> = Promise.resolve();
  readonly #stopWatching: () => void;

  constructor(board: Board, address: string, port: number) {
    this.#board = board;
    this.#address = address;
    this.#port = port;
    this.#stopWatching = board.onFileChange(path => {
      const isWatched = path === AUTHORIZED_KEYS || AUTHORIZED_KEYS.startsWith(`${path}/`);
      if (isWatched && board.release.keymaster.restartsOnChange) this.#startAgain();
    });
  }

  /** Where it listens when it runs; stays the same over restarts. */
  get port(): number {
    return this.#port;
  }

  get isRunning(): boolean {
    return this.#server !== undefined;
  }

  /** Listens once even if it is not to run, so that an ephemeral port is known from the start. */
  async start(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#listen();
      if (await hasMdtKey(this.#board.files)) this.#close();
    });
  }

  async restart(): Promise<void> {
    await this.#inTurn(async () => {
      if (await hasMdtKey(this.#board.files)) this.#close();
      else await this.#listen();
    });
  }

  /** As systemd does it: if it fails, the service is down. */
  #startAgain(): void {
    this.restart().catch(() => undefined);
  }

  /** Releases the port at once and breaks off what is still being answered. */
  async stop(): Promise<void> {
    await this.#inTurn(() => {
      this.#close();
      for (const socket of this.#sockets) socket.destroy();
      return Promise.resolve();
    });
  }

  /** Stops looking at the board's files. */
  dispose(): void {
    this.#stopWatching();
  }

  /** Resolves when it has started or ended for all that happened so far. */
  settled(): Promise<void> {
    return this.#last;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((request, response) => void this.#answer(request, response));
    server.on('connection', socket => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#port = await listen(server, this.#address, this.#port);
    this.#server = server;
  }

  /** No new connections; the answer that is under way still goes out. */
  #close(): void {
    this.#server?.close();
    this.#server?.closeIdleConnections();
    this.#server = undefined;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (refuses(this.#board.faults, 'keymaster-silent')) return;
    const [status, reason] = await this.#decide(request);
    if (status === 200) this.#close();
    response.writeHead(status, reason, { connection: 'close', 'content-length': 0 });
    response.end();
  }

  async #decide(request: IncomingMessage): Promise<readonly [status: number, reason: string]> {
    const { faults } = this.#board;
    if (refuses(faults, 'keymaster-400')) return [400, 'Invalid key'];
    if (refuses(faults, 'keymaster-500')) return [500, 'Internal Server Error'];
    if (request.method !== 'PUT') return [501, 'Unsupported method'];
    if (request.headers['content-length'] === undefined) return [411, 'Length Required'];
    try {
      const body = await readBody(request);
      return body === undefined ? [413, 'Request Entity Too Large'] : await this.#take(body);
    } catch {
      return [500, 'Internal Server Error'];
    }
  }

  async #take(body: Buffer): Promise<readonly [status: number, reason: string]> {
    const text = body.toString().trim();
    const { accepts } = this.#board.release.keymaster;
    if (text !== 'exit') {
      if (accepts?.test(text) === false) return [400, 'Invalid key'];
      await appendAuthorizedKeys(this.#board.files, body);
    }
    return [200, 'Ok'];
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
