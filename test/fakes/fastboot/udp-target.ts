import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Bootloader } from './bootloader.js';

const HEADER_BYTES = 4;
const QUERY = 1;
const INIT = 2;
const FASTBOOT = 3;
const NOTHING = Buffer.alloc(0);

export interface UdpTargetOptions {
  readonly port?: number;
  /** Sequence number of the first packet; U-Boot begins with 1. */
  readonly sequence?: number;
  /** U-Boot's: 1024. */
  readonly packetBytes?: number;
  /** Loses a packet on its way `in` or `out`; `count` counts all packets of that direction, from 1. */
  readonly lose?: (direction: 'in' | 'out', count: number) => boolean;
}

/**
 * Lets a bootloader be reached over UDP on loopback, as U-Boot does it (net/fastboot_udp.c): its sequence number and the
 * command or download it is in outlive the client that began them.
 */
export class UdpTarget implements AsyncDisposable {
  readonly port: number;
  readonly #socket: Socket;
  readonly #bootloader: Bootloader;
  readonly #options: UdpTargetOptions;
  #sequence: number;
  #lastPacket: Buffer = NOTHING;
  #download: 'none' | 'running' | 'arrived' = 'none';
  /** A command that was sent and whose answers have not all been asked for. */
  #answers: AsyncIterator<Buffer> | undefined;
  #rest: Buffer = NOTHING;
  #counts = { in: 0, out: 0 };
  /** Packets are handled one after the other. */
  #turn: Promise<void> = Promise.resolve();

  private constructor(socket: Socket, bootloader: Bootloader, options: UdpTargetOptions) {
    this.#socket = socket;
    this.#bootloader = bootloader;
    this.#options = options;
    this.#sequence = options.sequence ?? 1;
    this.port = socket.address().port;
    socket.on('message', (packet, from) => {
      if (this.#isLost('in')) return;
      this.#turn = this.#turn.then(() => this.#handle(packet, from));
    });
  }

  static async listen(bootloader: Bootloader, options: UdpTargetOptions = {}): Promise<UdpTarget> {
    const socket = createSocket('udp4').bind(options.port ?? 0, '127.0.0.1');
    await once(socket, 'listening');
    return new UdpTarget(socket, bootloader, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.removeAllListeners('message');
    await this.#turn;
    this.#socket.close();
  }

  async #handle(packet: Buffer, from: RemoteInfo): Promise<void> {
    if (packet.length < HEADER_BYTES) return;
    const id = packet.readUInt8(0);
    const sequence = packet.readUInt16BE(2);
    if (id === QUERY) {
      this.#send(from, { id, sequence }, numbers(this.#sequence));
    } else if (id !== INIT && id !== FASTBOOT) {
      this.#send(from, { id: 0, sequence }, Buffer.from('An error occurred.'));
    } else if (sequence === this.#sequence) {
      const data = packet.subarray(HEADER_BYTES);
      const answer = id === INIT ? numbers(1, this.#options.packetBytes ?? 1024) : await this.#fastboot(data);
      this.#send(from, { id, sequence }, answer);
      this.#sequence = (this.#sequence + 1) & 0xffff;
    } else if (sequence === ((this.#sequence - 1) & 0xffff)) {
      this.#transmit(this.#lastPacket, from);
    }
  }

  async #fastboot(data: Buffer): Promise<Buffer> {
    if (this.#download !== 'none') return await this.#takeData(data);
    if (this.#answers === undefined) {
      this.#answers = this.#bootloader.run(data.toString('latin1'));
      return NOTHING;
    }
    if (this.#rest.length > 0) return this.#rest;
    const next = await this.#answers.next();
    const answer = next.done === true ? NOTHING : next.value;
    const tag = answer.toString('latin1', 0, 4);
    if (tag === 'OKAY' || tag === 'FAIL' || (tag === 'DATA' && this.#bootloader.missingBytes > 0)) {
      this.#answers = undefined;
    }
    if (this.#bootloader.missingBytes > 0) this.#download = 'running';
    return answer;
  }

  async #takeData(data: Buffer): Promise<Buffer> {
    if (this.#download === 'arrived' && data.length === 0) {
      this.#download = 'none';
      return Buffer.from('OKAY');
    }
    if (!(await this.#bootloader.take(data))) {
      this.#download = 'none';
      return Buffer.from('FAILReceived invalid data length');
    }
    if (this.#bootloader.missingBytes === 0) this.#download = 'arrived';
    return NOTHING;
  }

  /** What does not fit into one packet is continued in the next, which the host asks for. */
  #send(to: RemoteInfo, header: { id: number; sequence: number }, data: Buffer): void {
    const fitting = data.subarray(0, (this.#options.packetBytes ?? 1024) - HEADER_BYTES);
    this.#rest = data.subarray(fitting.length);
    const continued = this.#rest.length > 0 ? 1 : 0;
    const bytes = Buffer.concat([Buffer.from([header.id, continued]), numbers(header.sequence), fitting]);
    if (header.id !== QUERY) this.#lastPacket = bytes;
    this.#transmit(bytes, to);
  }

  #transmit(bytes: Buffer, to: RemoteInfo): void {
    if (!this.#isLost('out')) this.#socket.send(bytes, to.port, to.address);
  }

  #isLost(direction: 'in' | 'out'): boolean {
    this.#counts[direction] += 1;
    return this.#options.lose?.(direction, this.#counts[direction]) ?? false;
  }
}

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16BE(value, 2 * index));
  return bytes;
}
