import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FaultSocket } from '../fault-socket.js';
import type { Faults } from '../faults.js';
import { listen } from '../listen.js';
import type { Fastboot } from './fastboot.js';
import { SocketBytes } from './socket-bytes.js';

const STEP_BYTES = 1024 * 1024;
const MAX_COMMAND_BYTES = 4096;
/** Longer packets are no packets. */
const MAX_PACKET_BYTES = 2n ** 40n;

export interface FastbootServerOptions {
  readonly fastboot: Fastboot;
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly faults?: () => Faults;
  /** Called when the board has been told to restart, and has said that it will. */
  readonly onRestart?: () => void;
}

/**
 * Lets a fastboot be reached over TCP, as AOSP's fastboot/README.md describes it. It talks to one client at a time; others
 * wait for their turn.
 */
export class TcpServer implements AsyncDisposable {
  readonly #options: FastbootServerOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port: number;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: FastbootServerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** Where it listens; stays the same when it stops and starts again. */
  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ noDelay: true }, socket => {
      this.#sockets.add(socket);
      // A client that goes away in the middle of a packet is its own business.
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#turn = this.#turn.then(() => this.#serve(socket));
    });
    this.#port = await listen(server, this.#options.address, this.#port);
    this.#server = server;
  }

  /** Ends all conversations and releases the port. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise(resolve => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await this.#turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(socket: Socket): Promise<void> {
    const { fastboot, onRestart } = this.#options;
    // A board that has promised to restart talks to nobody any more.
    if (fastboot.restart !== undefined) socket.destroy();
    if (socket.destroyed) return;
    const closed = new Promise(resolve => socket.once('close', resolve));
    try {
      await converse(this.#withFaults(socket), fastboot);
    } catch {
      // The connection broke, or the host's disk is full: the board falls silent.
      socket.destroy();
    }
    if (fastboot.restart === undefined) {
      socket.destroySoon();
      await closed;
    } else {
      socket.end();
      onRestart?.();
    }
  }

  /** The faults of connections cost time; without any the socket is used itself. */
  #withFaults(socket: Socket): Duplex {
    const faults = this.#options.faults?.() ?? {};
    const { dropAfterBytes, stallAfterBytes, slowBytesPerS } = faults;
    const isPlain = dropAfterBytes === undefined && stallAfterBytes === undefined && slowBytesPerS === undefined;
    return isPlain ? socket : new FaultSocket(socket, faults);
  }
}

async function converse(stream: Duplex, fastboot: Fastboot): Promise<void> {
  const reader = new SocketBytes(stream);
  stream.write('FB01');
  if ((await reader.exactly(4))?.toString() !== 'FB01') return;
  // The download of a client that went away is of no use to this one.
  fastboot.missingBytes = 0;
  for (;;) {
    const header = await reader.exactly(8);
    if (header === undefined || header.readBigUInt64BE() > MAX_PACKET_BYTES) return;
    const lengthBytes = Number(header.readBigUInt64BE());
    if (fastboot.missingBytes > 0) {
      if (!(await receive(stream, { reader, fastboot, lengthBytes }))) return;
      continue;
    }
    const command = (await reader.exactly(Math.min(lengthBytes, MAX_COMMAND_BYTES)))?.toString('latin1');
    if (command === undefined) return;
    // Nothing more is heard of it until the client gives up.
    if (fastboot.hangs(command)) while ((await reader.some(STEP_BYTES)) !== undefined);
    else for await (const packet of fastboot.run(command)) send(stream, packet);
    if (fastboot.restart !== undefined) return;
  }
}

/** One packet of data; false if the link is to break, or is broken. */
async function receive(
  stream: Duplex,
  packet: { readonly reader: SocketBytes; readonly fastboot: Fastboot; readonly lengthBytes: number },
): Promise<boolean> {
  const { reader, fastboot } = packet;
  for (let left = packet.lengthBytes; left > 0;) {
    const bytes = await reader.some(Math.min(left, STEP_BYTES));
    if (bytes === undefined) return false;
    left -= bytes.length;
    const outcome = fastboot.take(bytes);
    if (outcome === 'dropped') {
      stream.destroy();
      return false;
    }
    if (outcome === 'refused') send(stream, Buffer.from('FAILReceived invalid data length'));
  }
  if (fastboot.missingBytes === 0) send(stream, Buffer.from('OKAY'));
  return true;
}

function send(stream: Duplex, packet: Buffer): void {
  const header = Buffer.alloc(8);
  header.writeBigUInt64BE(BigInt(packet.length));
  if (stream.writable) stream.write(Buffer.concat([header, packet]));
}
