import type { Socket } from 'node:net';
import { openTcpSocket } from '../host/tcp-socket.js';
import { ProtocolError, TransportError } from '../errors.js';
import { withDeadline, type Deadline } from '../time/deadline.js';
import { formatFastbootTarget, portOf, type NetworkTarget } from '../device/fastboot-target.js';
import { connectReason } from '../host/system-error.js';
import { SocketReader } from './socket-reader.js';
import type { Transport } from './transport.js';

/*
 * Fastboot over TCP, from AOSP's fastboot/README.md: both sides send `FB` and two digits, the version, and go on with
 * the lower one; then every packet, either way, is its length in 8 bytes, big endian, and its bytes.
 */
const GREETING = Buffer.from('FB01');
const LENGTH_BYTES = 8;
/** No packet of the protocol is larger than one download can be. */
const MAX_PACKET_BYTES = 0xffff_ffff;
/** Large, so that few wake-ups stand between the file and the wire; small enough for the cache of a processor. */
const DATA_PACKET_BYTES = 1024 * 1024;

export interface TcpOptions {
  readonly signal?: AbortSignal | undefined;
  /** For the connection itself; default 10 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** For the greeting; default 2 s, as AOSP has it. */
  readonly handshakeTimeoutMs?: number | undefined;
}

const NO_ANSWER_HINT = 'Check the address, and that the board is in fastboot and its bootloader offers it over TCP.';

export class TcpTransport implements Transport {
  readonly name: string;
  readonly dataPacketBytes = DATA_PACKET_BYTES;
  readonly #socket: Socket;
  readonly #reader: SocketReader;
  /** Why the connection ended, if it did by itself. */
  #failure: Error | undefined;
  /** What of the packet under way has not been handed out. */
  #packetLeftBytes = 0;

  private constructor(name: string, socket: Socket) {
    this.name = name;
    this.#socket = socket;
    this.#reader = new SocketReader(socket);
    socket.on('error', error => {
      this.#failure = error;
    });
  }

  /** Connects and greets. @throws TransportError, TimeoutError, ProtocolError, AbortedError */
  static async open(target: NetworkTarget, options: TcpOptions = {}): Promise<TcpTransport> {
    const name = formatFastbootTarget(target);
    const { signal, connectTimeoutMs = 10_000, handshakeTimeoutMs = 2000 } = options;
    const hint = NO_ANSWER_HINT;
    const connecting = { operation: `connecting to ${name}`, timeoutMs: connectTimeoutMs, signal, hint };
    const socket = await withDeadline(connecting, ended => openSocket(target, ended));
    const transport = new TcpTransport(name, socket);
    try {
      await transport.#greet({ operation: `greeting ${name}`, timeoutMs: handshakeTimeoutMs, signal, hint });
      return transport;
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  async send(packet: Uint8Array, deadline: Deadline): Promise<void> {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeBigUInt64BE(BigInt(packet.length));
    await withDeadline(deadline, () => this.#write([length, packet], deadline.operation));
  }

  async receive(maxBytes: number, deadline: Deadline): Promise<Buffer> {
    return await withDeadline(deadline, async () => {
      while (this.#packetLeftBytes === 0) this.#packetLeftBytes = await this.#readLength(deadline.operation);
      const wantedBytes = Math.min(maxBytes, this.#packetLeftBytes);
      const bytes = await this.#reader.readExactly(wantedBytes);
      if (bytes.length < wantedBytes) throw this.#lost(deadline.operation);
      this.#packetLeftBytes -= wantedBytes;
      return bytes;
    });
  }

  close(): Promise<void> {
    this.#socket.destroy();
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #greet(deadline: Deadline): Promise<void> {
    await withDeadline(deadline, async () => {
      await this.#write([GREETING], deadline.operation);
      const answer = await this.#reader.readExactly(GREETING.length);
      if (answer.length < GREETING.length) throw this.#lost(deadline.operation);
      // A newer version than ours goes on with ours.
      if (!/^FB(?!00)\d\d$/.test(answer.toString('latin1'))) {
        throw new ProtocolError(`${this.name} does not speak fastboot over TCP.`, {
          hint: 'Check the port; 5554 is the usual one.',
          facts: { operation: deadline.operation, bytes: answer },
        });
      }
    });
  }

  async #readLength(operation: string): Promise<number> {
    const header = await this.#reader.readExactly(LENGTH_BYTES);
    if (header.length < LENGTH_BYTES) throw this.#lost(operation);
    const length = header.readBigUInt64BE();
    if (length <= MAX_PACKET_BYTES) return Number(length);
    throw new ProtocolError(`${this.name} announced a packet of an impossible length.`, {
      facts: { operation, bytes: header },
    });
  }

  /** Resolves when the system has taken all of it. */
  #write(buffers: readonly Uint8Array[], operation: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.cork();
      buffers.forEach((bytes, index) => {
        const isLast = index === buffers.length - 1;
        this.#socket.write(bytes, error => {
          if (error) reject(this.#lost(operation, error));
          else if (isLast) resolve();
        });
      });
      this.#socket.uncork();
    });
  }

  #lost(operation: string, cause: Error | undefined = this.#failure): TransportError {
    return new TransportError(`The connection to ${this.name} was lost while ${operation}.`, {
      hint: 'Check the network and the power of the board, then ask it for its state before going on.',
      cause,
      facts: { operation, code: (cause as NodeJS.ErrnoException | undefined)?.code },
    });
  }
}

async function openSocket(target: NetworkTarget, signal: AbortSignal): Promise<Socket> {
  const { host } = target;
  const port = portOf(target);
  return await openTcpSocket({ host, port }, signal).catch((error: unknown) => {
    if (signal.aborted) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const problem = code === 'ECONNREFUSED' ? 'refuses the connection' : `cannot be reached: ${connectReason(error)}`;
    throw new TransportError(`${formatFastbootTarget(target)} ${problem}.`, {
      hint: NO_ANSWER_HINT,
      cause: error,
      facts: { host, port, code },
    });
  });
}
