import { ProtocolError, TransportError } from '../errors.js';
import { onAbort, throwIfAborted, withDeadline, type Deadline } from '../time/deadline.js';
import type { NetworkTarget } from '../device/fastboot-target.js';
import type { Transport } from './transport.js';
import { UdpLink } from './udp-link.js';
import { UDP_HEADER_BYTES, type UdpKind, type UdpPacket } from './udp-packet.js';

const PROTOCOL_VERSION = 1;
/** What AOSP offers; U-Boot takes 1024. */
const HOST_PACKET_BYTES = 8192;
/** The least that AOSP demands of a board. */
const MIN_PACKET_BYTES = 512;
const QUERY_TRIES = 4;
const TRIES = 120;
/** About this much is sent under one deadline: enough that the deadline costs nothing, little enough for slow links. */
const STRETCH_BYTES = 64 * 1024;

const NOTHING = new Uint8Array();

export interface UdpOptions {
  readonly signal?: AbortSignal | undefined;
  /** After how long without an answer a packet is sent again; default 500. */
  readonly retransmitMs?: number | undefined;
  /** How often a packet is sent in all, after the board has answered once; default 120. */
  readonly tries?: number | undefined;
}

export class UdpTransport implements Transport {
  readonly #link: UdpLink;
  readonly #tries: number;
  /** What one packet holds, as both sides agreed. */
  #dataBytes = MIN_PACKET_BYTES - UDP_HEADER_BYTES;
  /** What came and was not asked for yet. */
  #received: Buffer = Buffer.alloc(0);

  private constructor(link: UdpLink, tries: number) {
    this.#link = link;
    this.#tries = tries;
  }

  /** Asks the board where it stands and agrees on a packet size. @throws TransportError, TimeoutError, ProtocolError */
  static async open(target: NetworkTarget, options: UdpOptions = {}): Promise<UdpTransport> {
    const link = await UdpLink.open(target, options.retransmitMs ?? 500);
    const transport = new UdpTransport(link, options.tries ?? TRIES);
    const stopListening = onAbort(options.signal, () => {
      link.close();
    });
    try {
      await transport.#begin();
      return transport;
    } catch (error) {
      link.close();
      throwIfAborted(options.signal);
      throw error;
    } finally {
      stopListening();
    }
  }

  get name(): string {
    return this.#link.name;
  }

  get dataPacketBytes(): number {
    return Math.floor(STRETCH_BYTES / this.#dataBytes) * this.#dataBytes;
  }

  async send(packet: Uint8Array, deadline: Deadline): Promise<void> {
    const early = await this.sendCommand(packet, deadline);
    if (early.length === 0) return;
    throw new ProtocolError('The board answered before it was asked to.', {
      hint: 'Restart fastboot on the board; it still is in an earlier conversation.',
      facts: { operation: deadline.operation, bytes: early },
    });
  }

  /** Sends as `send` does, and returns what the board said out of turn: nothing, if it is in step. */
  async sendCommand(packet: Uint8Array, deadline: Deadline): Promise<Buffer> {
    return await this.#during(deadline, async () => {
      const early: Uint8Array[] = [];
      for (let start = 0; start < packet.length; start += this.#dataBytes) {
        const end = Math.min(start + this.#dataBytes, packet.length);
        const data = packet.subarray(start, end);
        const answer = await this.#fastboot(data, { continued: end < packet.length, operation: deadline.operation });
        if (answer.data.length > 0) early.push(answer.data);
      }
      return Buffer.concat(early);
    });
  }

  async receive(maxBytes: number, deadline: Deadline): Promise<Buffer> {
    if (this.#received.length === 0) this.#received = await this.#ask(maxBytes, deadline);
    const bytes = this.#received.subarray(0, maxBytes);
    this.#received = this.#received.subarray(bytes.length);
    return bytes;
  }

  close(): Promise<void> {
    this.#link.close();
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** An empty packet asks for each answer, and for each further part of one. */
  async #ask(maxBytes: number, deadline: Deadline): Promise<Buffer> {
    return await this.#during(deadline, async () => {
      const parts: Uint8Array[] = [];
      let length = 0;
      for (let continued = true; continued && length < maxBytes;) {
        const answer = await this.#fastboot(NOTHING, { continued: false, operation: deadline.operation });
        if (answer.data.length === 0) throw this.#silent(deadline.operation);
        parts.push(answer.data);
        length += answer.data.length;
        continued = answer.continued;
      }
      return Buffer.concat(parts);
    });
  }

  async #begin(): Promise<void> {
    const { name } = this.#link;
    const query = await this.#setUp('query', NOTHING, { tries: QUERY_TRIES, operation: `asking for ${name}` });
    this.#link.sequence = query.readUInt16BE(0);
    const offer = Buffer.alloc(4);
    offer.writeUInt16BE(PROTOCOL_VERSION, 0);
    offer.writeUInt16BE(HOST_PACKET_BYTES, 2);
    const answer = await this.#setUp('init', offer, { tries: this.#tries, operation: `greeting ${name}` });
    const packetBytes = Math.min(HOST_PACKET_BYTES, answer.readUInt16BE(2));
    if (answer.readUInt16BE(0) < PROTOCOL_VERSION || packetBytes < MIN_PACKET_BYTES) throw this.#foreign(answer);
    this.#dataBytes = packetBytes - UDP_HEADER_BYTES;
  }

  /** Query and init: the answers are two and four bytes of numbers, or more in versions to come. */
  async #setUp(kind: UdpKind, data: Uint8Array, options: { tries: number; operation: string }): Promise<Buffer> {
    const answer = await this.#link.exchange({ kind, continued: false, data, ...options });
    const bytes = Buffer.from(answer.data);
    if (bytes.length < (kind === 'query' ? 2 : 4)) throw this.#foreign(bytes);
    return bytes;
  }

  async #fastboot(data: Uint8Array, options: { continued: boolean; operation: string }): Promise<UdpPacket> {
    return await this.#link.exchange({ kind: 'fastboot', data, tries: this.#tries, ...options });
  }

  /** Runs `work` within the deadline, and gives up the packet under way when the time or the caller ends it. */
  async #during<T>(deadline: Deadline, work: () => Promise<T>): Promise<T> {
    return await withDeadline(deadline, async signal => {
      const stopListening = onAbort(signal, () => {
        this.#link.cancel(new TransportError(`${deadline.operation} was given up.`));
      });
      try {
        return await work();
      } finally {
        stopListening();
      }
    });
  }

  #silent(operation: string): ProtocolError {
    return new ProtocolError(`${this.name} had nothing to say where an answer was due.`, {
      hint: 'Restart fastboot on the board and try again.',
      facts: { operation, bytes: Buffer.alloc(0) },
    });
  }

  #foreign(bytes: Buffer): ProtocolError {
    return new ProtocolError(`${this.name} does not speak this version of fastboot over UDP.`, {
      hint: 'Check the port; 5554 is the usual one.',
      facts: { bytes },
    });
  }
}
