import { createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { listen } from '../listen.js';

/** What the receiver of the serial port keeps while nobody reads: keys that come early count. */
const FIFO_BYTES = 32;
/** What a program of the board may leave unread; more is lost, as on a serial line. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * The serial console of a board as a terminal server shows it: bytes over TCP, as they are. Whoever connects last has
 * the line. What is said while nobody is connected is lost.
 */
export class ConsoleLine {
  readonly #address: string;
  #port: number;
  #server: Server | undefined;
  #socket: Socket | undefined;
  #channel: LineChannel | undefined;
  #early: Buffer = Buffer.alloc(0);

  constructor(address: string, port: number) {
    this.#address = address;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    const server = createServer({ noDelay: true }, socket => {
      this.#take(socket);
    });
    this.#port = await listen(server, this.#address, this.#port);
    this.#server = server;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#channel?.destroy();
    this.#socket?.destroy();
    if (server === undefined) return;
    await new Promise(resolve => server.close(resolve));
  }

  /** Says something by itself, as a kernel does; lines end with `\n`. */
  print(text: string): void {
    this.#socket?.write(text.replaceAll('\n', '\r\n'));
  }

  /** Gives the line to another program of the board; that of before loses it. */
  attach(): Duplex {
    this.#channel?.destroy();
    const channel = new LineChannel((chunk, done) => {
      this.#send(chunk, done);
    });
    // A program that loses the line does not fail by it.
    channel.on('error', () => undefined);
    this.#channel = channel;
    if (this.#early.length > 0) channel.receive(this.#early);
    this.#early = Buffer.alloc(0);
    return channel;
  }

  detach(): void {
    this.#channel?.destroy();
    this.#channel = undefined;
  }

  #take(socket: Socket): void {
    this.#socket?.destroy();
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    socket.on('data', (bytes: Buffer) => {
      if (this.#channel === undefined) this.#early = Buffer.concat([this.#early, bytes]).subarray(0, FIFO_BYTES);
      else this.#channel.receive(bytes);
    });
  }

  #send(chunk: Buffer, done: () => void): void {
    const socket = this.#socket;
    if (socket === undefined || socket.write(chunk)) {
      done();
      return;
    }
    const events = ['drain', 'close'] as const;
    const proceed = (): void => {
      for (const event of events) socket.off(event, proceed);
      done();
    };
    for (const event of events) socket.on(event, proceed);
  }
}

/** The line as one program of the board has it. */
class LineChannel extends Duplex {
  readonly #send: (chunk: Buffer, done: () => void) => void;

  constructor(send: (chunk: Buffer, done: () => void) => void) {
    super();
    this.#send = send;
  }

  receive(bytes: Buffer): void {
    if (!this.destroyed && this.readableLength < MAX_UNREAD_BYTES) this.push(bytes);
  }

  override _read(): void {
    // Bytes come by themselves.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#send(chunk, callback);
  }
}
