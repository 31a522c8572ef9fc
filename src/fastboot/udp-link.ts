import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { ProtocolError, TimeoutError, TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { formatFastbootTarget, portOf, type NetworkTarget } from '../device/fastboot-target.js';
import { connectReason } from '../host/system-error.js';
import { decodeUdpPacket, encodeUdpPacket, nextSequence, type UdpPacket } from './udp-packet.js';

export interface UdpRequest extends Omit<UdpPacket, 'sequence'> {
  /** How often the packet is sent in all before the board is given up. */
  readonly tries: number;
  /** What this is part of, for errors. */
  readonly operation: string;
}

interface Pending {
  readonly request: UdpRequest;
  readonly bytes: Buffer;
  triesLeft: number;
  readonly resolve: (answer: UdpPacket) => void;
  readonly reject: (error: Error) => void;
}

const HINT = 'Check the address, the network, and that the board is in fastboot and its bootloader offers it over UDP.';

/** Packets to a board and their answers, one at a time: sends again what gets no answer, ignores what was not asked. */
export class UdpLink {
  readonly name: string;
  /** Of the packet that is sent next. */
  sequence = 0;
  readonly #socket: Socket;
  readonly #retransmitMs: number;
  readonly #timer: NodeJS.Timeout;
  #pending: Pending | undefined;
  #closed = false;
  /** What the network said last, such as that nobody listens at the port. */
  #refusal: NodeJS.ErrnoException | undefined;

  private constructor(name: string, socket: Socket, retransmitMs: number) {
    this.name = name;
    this.#socket = socket;
    this.#retransmitMs = retransmitMs;
    this.#timer = setInterval(() => {
      this.#retry();
    }, retransmitMs).unref();
    socket.on('message', bytes => {
      this.#take(bytes);
    });
    socket.on('error', error => {
      this.#refusal = error;
    });
  }

  /** Looks the host up; nothing is sent. @throws TransportError if the name has no address */
  static async open(target: NetworkTarget, retransmitMs: number): Promise<UdpLink> {
    const name = formatFastbootTarget(target);
    let socket: Socket | undefined;
    try {
      const { address, family } = await lookup(target.host);
      socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      await connectSocket(socket, portOf(target), address);
      return new UdpLink(name, socket, retransmitMs);
    } catch (error) {
      socket?.close();
      const { code } = error as NodeJS.ErrnoException;
      throw new TransportError(`${name} cannot be reached (${String(code)}).`, {
        hint: HINT,
        cause: error,
        facts: { code },
      });
    }
  }

  /**
   * Sends one packet until its answer comes. @throws TimeoutError after the last try, TransportError if the network says
   * that nobody listens there, ProtocolError if the board answers with an error
   */
  exchange(request: UdpRequest): Promise<UdpPacket> {
    if (this.#closed) return Promise.reject(this.#closedError());
    const bytes = encodeUdpPacket({ ...request, sequence: this.sequence });
    return new Promise((resolve, reject) => {
      this.#pending = { request, bytes, triesLeft: request.tries - 1, resolve, reject };
      this.#timer.refresh();
      this.#socket.send(bytes);
    });
  }

  /** Gives up the packet that is under way, if there is one. */
  cancel(reason: Error): void {
    this.#pending?.reject(reason);
    this.#pending = undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.cancel(this.#closedError());
    this.#socket.close();
  }

  #take(bytes: Buffer): void {
    const pending = this.#pending;
    const answer = decodeUdpPacket(bytes);
    if (pending === undefined || answer?.sequence !== this.sequence) return;
    if (answer.kind !== pending.request.kind && answer.kind !== 'error') return;
    this.#pending = undefined;
    this.#refusal = undefined;
    this.sequence = nextSequence(this.sequence);
    if (answer.kind === 'error') pending.reject(this.#errorOf(answer, pending.request.operation));
    else pending.resolve(answer);
  }

  #retry(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    if (pending.triesLeft > 0) {
      pending.triesLeft -= 1;
      this.#socket.send(pending.bytes);
      return;
    }
    this.#pending = undefined;
    pending.reject(this.#givenUp(pending.request));
  }

  #givenUp({ operation, tries }: UdpRequest): Error {
    const cause = this.#refusal;
    const details = { hint: HINT, cause, facts: { operation, tries, code: cause?.code } };
    if (cause === undefined) return new TimeoutError(operation, tries * this.#retransmitMs, details);
    return new TransportError(`Nothing answers at ${this.name}: ${connectReason(cause)}.`, details);
  }

  #closedError(): TransportError {
    return new TransportError(`The connection to ${this.name} is closed.`);
  }

  #errorOf(answer: UdpPacket, operation: string): ProtocolError {
    const bytes = Buffer.from(answer.data);
    const text = safeText(bytes.toString('utf8')).replace(/\.$/, '');
    return new ProtocolError(`The board reported an error of the connection${text === '' ? '' : `: ${text}`}.`, {
      hint: 'Restart fastboot on the board and try again.',
      facts: { operation, bytes },
    });
  }
}

async function connectSocket(socket: Socket, port: number, address: string): Promise<void> {
  const connected = once(socket, 'connect');
  socket.connect(port, address);
  await connected;
}
