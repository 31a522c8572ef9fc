import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Bootloader } from './bootloader.js';

const STEP_BYTES = 1024 * 1024;

/** Lets a bootloader be reached over TCP on loopback, as AOSP's fastboot/README.md describes it. */
export class TcpTarget implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, bootloader: Bootloader) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', socket => {
      this.#sockets.add(socket);
      // A client that goes away in the middle of a packet is its own business.
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      serve(socket, bootloader).then(
        () => socket.end(),
        (error: unknown) => socket.destroy(error as Error),
      );
    });
  }

  static async listen(bootloader: Bootloader, port = 0): Promise<TcpTarget> {
    const server = createServer({ noDelay: true }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new TcpTarget(server, bootloader);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

async function serve(socket: Socket, bootloader: Bootloader): Promise<void> {
  const reader = new Reader(socket);
  socket.write('FB01');
  if ((await reader.exactly(4))?.toString() !== 'FB01') return;
  for (;;) {
    const header = await reader.exactly(8);
    if (header === undefined) return;
    let left = Number(header.readBigUInt64BE());
    if (bootloader.missingBytes === 0) {
      const command = (await reader.exactly(Math.min(left, 4096)))?.toString('latin1') ?? '';
      for await (const packet of bootloader.run(command)) send(socket, packet);
      if (bootloader.restart !== undefined) return;
      continue;
    }
    while (left > 0) {
      const bytes = await reader.some(Math.min(left, STEP_BYTES));
      if (bytes === undefined) return;
      left -= bytes.length;
      if (!(await bootloader.take(bytes))) send(socket, Buffer.from('FAILReceived invalid data length'));
    }
    if (bootloader.missingBytes === 0) send(socket, Buffer.from('OKAY'));
  }
}

function send(socket: Socket, packet: Buffer): void {
  const header = Buffer.alloc(8);
  header.writeBigUInt64BE(BigInt(packet.length));
  socket.write(Buffer.concat([header, packet]));
}

/** Bytes of a stream, by asking. */
class Reader {
  readonly #pieces: AsyncIterator<Buffer>;
  #piece: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#pieces = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Between 1 and `maxBytes`; undefined at the end. */
  async some(maxBytes: number): Promise<Buffer | undefined> {
    while (this.#piece.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return undefined;
      this.#piece = next.value;
    }
    const bytes = this.#piece.subarray(0, maxBytes);
    this.#piece = this.#piece.subarray(bytes.length);
    return bytes;
  }

  /** Exactly `lengthBytes`; undefined if the stream ends before. */
  async exactly(lengthBytes: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    for (let missing = lengthBytes; missing > 0;) {
      const bytes = await this.some(missing);
      if (bytes === undefined) return undefined;
      pieces.push(bytes);
      missing -= bytes.length;
    }
    return Buffer.concat(pieces);
  }
}
