import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { pause } from '../../time/deadline.js';
import { listenUdp } from '../listen.js';
import type { Fastboot } from './fastboot.js';
import type { FastbootServerOptions } from './tcp-server.js';

const HEADER_BYTES = 4;
const QUERY = 1;
const INIT = 2;
const FASTBOOT = 3;
const NOTHING = Buffer.alloc(0);

export interface UdpServerOptions extends FastbootServerOptions {
  /** Sequence number of the first packet; U-Boot begins with 1. */
  readonly sequence?: number;
  /** U-Boot's: 1024. */
  readonly packetBytes?: number;
  /** Loses a packet on its way `in` or `out`; `count` counts all packets of that direction, from 1. */
  readonly lose?: (direction: 'in' | 'out', count: number) => boolean;
}

/**
 * Lets a fastboot be reached over UDP, as U-Boot does it (net/fastboot_udp.c): its sequence number and the command or
 * download it is in outlive the client that began them.
 */
export class UdpServer implements AsyncDisposable {
  readonly #fastboot: Fastboot;
  readonly #options: UdpServerOptions;
  #socket: Socket | undefined;
  #port: number;
  #sequence: number;
  #lastPacket: Buffer = NOTHING;
  #download: 'none' | 'running' | 'arrived' = 'none';
  /** A command that was sent and whose answers have not all been asked for. */
  #answers: AsyncIterator<Buffer> | undefined;
  #rest: Buffer = NOTHING;
  /** Says nothing until a client asks who is there. */
  #isSilent = false;
  #counts = { in: 0, out: 0 };
  #isRestarting = false;
  /** Packets are handled one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: UdpServerOptions) {
    this.#fastboot = options.fastboot;
    this.#options = options;
    this.#sequence = options.sequence ?? 1;
    this.#port = options.port;
  }

  /** Where it listens; stays the same when it stops and starts again. */
  get port(): number {
    return this.#port;
  }

  /** Begins as after a reset. */
  async listen(): Promise<void> {
    if (this.#socket !== undefined) return;
    const socket = createSocket(isIPv6(this.#options.address) ? 'udp6' : 'udp4');
    this.#port = await listenUdp(socket, this.#options.address, this.#port);
    this.#socket = socket;
    this.#sequence = this.#options.sequence ?? 1;
    this.#download = 'none';
    this.#answers = undefined;
    this.#rest = NOTHING;
    this.#isSilent = false;
    this.#isRestarting = false;
    // Of a packet that could not be sent its client hears nothing, as of a lost one.
    socket.on('error', () => undefined);
    socket.on('message', (packet, from) => {
      if (this.#isLost('in')) return;
      this.#turn = this.#turn.then(() => this.#handle(packet, from)).catch(() => undefined);
    });
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    socket.removeAllListeners('message');
    await this.#turn;
    await new Promise<void>(resolve => socket.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #handle(packet: Buffer, from: RemoteInfo): Promise<void> {
    if (packet.length < HEADER_BYTES || this.#isRestarting) return;
    const id = packet.readUInt8(0);
    const sequence = packet.readUInt16BE(2);
    if (id === QUERY) {
      this.#isSilent = false;
      this.#send(from, { id, sequence }, numbers(this.#sequence));
    } else if (this.#isSilent) {
      return;
    } else if (id !== INIT && id !== FASTBOOT) {
      this.#send(from, { id: 0, sequence }, Buffer.from('An error occurred.'));
    } else if (sequence === this.#sequence) {
      const data = packet.subarray(HEADER_BYTES);
      const answer = id === INIT ? numbers(1, this.#options.packetBytes ?? 1024) : await this.#answer(data);
      if (answer === undefined) return;
      this.#send(from, { id, sequence }, answer);
      this.#sequence = (this.#sequence + 1) & 0xffff;
      if (this.#fastboot.restart !== undefined && answer.toString('latin1', 0, 4) === 'OKAY') this.#restart();
    } else if (sequence === ((this.#sequence - 1) & 0xffff)) {
      this.#transmit(this.#lastPacket, from);
    }
  }

  /** A board that has promised to restart says nothing any more. */
  #restart(): void {
    this.#isRestarting = true;
    this.#options.onRestart?.();
  }

  /** What a packet is answered with; undefined if it is not. */
  async #answer(data: Buffer): Promise<Buffer | undefined> {
    if (this.#download !== 'none') return await this.#takeData(data);
    if (this.#answers === undefined) {
      const command = data.toString('latin1');
      this.#isSilent = this.#fastboot.hangs(command);
      if (this.#isSilent) return undefined;
      this.#answers = this.#fastboot.run(command);
      return NOTHING;
    }
    if (this.#rest.length > 0) return this.#rest;
    const next = await this.#answers.next();
    const answer = next.done === true ? NOTHING : next.value;
    const tag = answer.toString('latin1', 0, 4);
    if (next.done === true || tag === 'OKAY' || tag === 'FAIL' || (tag === 'DATA' && this.#fastboot.missingBytes > 0)) {
      this.#answers = undefined;
    }
    if (this.#fastboot.missingBytes > 0) this.#download = 'running';
    return answer;
  }

  async #takeData(data: Buffer): Promise<Buffer | undefined> {
    if (this.#download === 'arrived' && data.length === 0) {
      this.#download = 'none';
      return Buffer.from('OKAY');
    }
    const slowBytesPerS = this.#options.faults?.().slowBytesPerS;
    if (slowBytesPerS !== undefined) await pause((data.length / slowBytesPerS) * 1000);
    const outcome = this.#fastboot.take(data);
    if (outcome !== 'taken') {
      this.#download = 'none';
      this.#isSilent = outcome === 'dropped';
      return this.#isSilent ? undefined : Buffer.from('FAILReceived invalid data length');
    }
    if (this.#fastboot.missingBytes === 0) this.#download = 'arrived';
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
    if (!this.#isLost('out')) this.#socket?.send(bytes, to.port, to.address);
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
