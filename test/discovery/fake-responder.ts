import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { ExecutionContext } from 'ava';
import dnsPacket, { type Answer } from 'dns-packet';
import type { Link } from '../../src/discovery/interfaces.js';

export const SERVICE = '_googlemdt._tcp.local';
const GROUP = '224.0.0.251';
const HOST = '127.0.0.1';

/** The loopback interface alone, as `listLinks` would tell it. */
export const LOOPBACK: Link = {
  id: 'lo',
  name: 'lo',
  loopback: true,
  mac: '00:00:00:00:00:00',
  ipv4: [{ address: HOST, prefixLength: 8 }],
  ipv6: [],
};

export interface FakeBoard {
  readonly name: string;
  readonly address?: string;
  readonly sshPort?: number;
  readonly txt?: readonly string[];
  readonly ttlSeconds?: number;
}

/** All records of a board, as avahi sends them. */
export function recordsOf(board: FakeBoard, ttlSeconds = board.ttlSeconds ?? 120): Answer[] {
  const { name, address = HOST, sshPort = 22, txt = [] } = board;
  const instance = `${name}.${SERVICE}`;
  const host = `${name}.local`;
  return [
    { type: 'PTR', name: SERVICE, ttl: ttlSeconds, data: instance },
    { type: 'SRV', name: instance, ttl: ttlSeconds, flush: true, data: { target: host, port: sshPort } },
    { type: 'TXT', name: instance, ttl: ttlSeconds, flush: true, data: [...txt] },
    { type: address.includes(':') ? 'AAAA' : 'A', name: host, ttl: ttlSeconds, flush: true, data: address },
  ];
}

export function response(answers: Answer[]): Buffer {
  return dnsPacket.encode({ type: 'response', flags: dnsPacket.AUTHORITATIVE_ANSWER, answers });
}

export interface Question {
  readonly names: readonly string[];
  readonly types: readonly string[];
  /** Where the answer is sent if not to everybody. */
  readonly port: number;
  /** Came from a port of its own, not from 5353. */
  readonly legacy: boolean;
}

/** A responder of multicast DNS on loopback, on a UDP port of its own so that tests do not hear each other. */
export class FakeResponder {
  readonly port: number;
  readonly questions: Question[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket, onQuestion: (question: Question, responder: FakeResponder) => void) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (packet, source) => {
      const query = dnsPacket.decode(packet);
      if (query.type !== 'query') return;
      const asked = query.questions ?? [];
      const question = {
        names: asked.map(({ name }) => name),
        types: asked.map(({ type }) => type),
        port: source.port,
        legacy: source.port !== this.port,
      };
      this.questions.push(question);
      onQuestion(question, this);
    });
  }

  /** Starts a responder that ends with the test. */
  static async start(
    t: ExecutionContext,
    onQuestion: (question: Question, responder: FakeResponder) => void = () => undefined,
  ): Promise<FakeResponder> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind(0, '0.0.0.0');
    await once(socket, 'listening');
    socket.addMembership(GROUP, HOST);
    socket.setMulticastInterface(HOST);
    socket.setMulticastLoopback(true);
    t.teardown(() => {
      socket.close();
    });
    return new FakeResponder(socket, onQuestion);
  }

  /** To the one who asked. */
  reply(question: Question, packet: Buffer): void {
    this.#socket.send(packet, question.port, HOST);
  }

  /** To everybody. */
  announce(packet: Buffer): void {
    this.#socket.send(packet, this.port, GROUP);
  }
}

/** Answers every question from a port of its own with the boards that are in the list by then. */
export function answerWith(boards: readonly FakeBoard[]): (question: Question, responder: FakeResponder) => void {
  return (question, responder) => {
    if (question.legacy) for (const board of boards) responder.reply(question, response(recordsOf(board)));
  };
}
