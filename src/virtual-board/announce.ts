import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { RemoteInfo } from 'node:dgram';
import mdns, { type Advertisement } from 'mdns-js';
import { UsageError } from '../errors.js';
import { isLoopback } from '../device/route.js';
import {
  CLASS_IN,
  readQuery,
  RECORD,
  writeResponse,
  type AskedQuestion,
  type Packet,
  type ResourceRecord,
  type ResponseOptions,
} from './mdns-message.js';
import { MDNS_PORT, MdnsSocket } from './mdns-socket.js';

const SERVICE = '_googlemdt';
const SERVICE_NAME = `${SERVICE}._tcp.local`;
const ALL_SERVICES = '_services._dns-sd._udp.local';
/** RFC 6762 section 10 for records with a host name, and section 6.7 for clients that do not speak multicast DNS. */
const TTL_S = 120;
const LEGACY_TTL_S = 10;
/** mdns-js publishes in this state, without asking three times first whether the name is free. */
const READY_TO_PUBLISH = 3;

export interface AnnouncedBoard {
  /** Host name and instance name. */
  readonly name: string;
  /** IPv4; 0.0.0.0 stands for all interfaces. */
  readonly address: string;
  readonly port: number;
  readonly txt: Readonly<Record<string, string>>;
}

export interface Announcement {
  /** Says goodbye, so that the board vanishes at once where it was seen. */
  withdraw(): Promise<void>;
}

interface Entry {
  readonly board: AnnouncedBoard;
  readonly sockets: readonly MdnsSocket[];
}

/** To whom mdns-js's next packets go. */
interface Recipient {
  readonly only: string | undefined;
  send(entry: Entry, packet: Packet): void;
}

/**
 * Announces a board by multicast DNS. On a loopback address nothing leaves this host, and only this host is answered.
 * @throws UsageError for IPv6, the host's error if there is no multicast on the interface
 */
export async function announce(board: AnnouncedBoard): Promise<Announcement> {
  if (!isIPv4(board.address)) {
    throw new UsageError('Boards are announced by IPv4 only.', { hint: 'Name the board by its address.' });
  }
  const responder = (sharedResponder ??= new Responder());
  const entry = await responder.add(board);
  return { withdraw: () => responder.remove(entry) };
}

/** mdns-js keeps one list of services for the whole process, so there is one of these, made at the first announcement. */
let sharedResponder: Responder | undefined;

/**
 * The network of mdns-js for all boards of this process. mdns-js decides what is answered and builds the records; its own
 * network part is not used, because it (1.0.3) leaves loopback out, does not answer questions for unicast, and hangs on
 * a malformed name. Its `stop` is not used either: it withdraws all services but the one it is called for.
 */
class Responder {
  /** Boards that are announced now, by name. */
  readonly #entries = new Map<string, Entry>();
  /** mdns-js never forgets a service: one per name is made and used again. */
  readonly #advertisements = new Map<string, Advertisement>();
  readonly #sockets = new Map<string, { socket: Promise<MdnsSocket>; users: number }>();
  #ask: (packets: readonly Packet[]) => void = () => undefined;
  #recipient: Recipient | undefined;

  async add(board: AnnouncedBoard): Promise<Entry> {
    const entry = { board, sockets: await this.#openSockets(board.address) };
    this.#entries.set(board.name, entry);
    this.#publish(board);
    return entry;
  }

  async remove(entry: Entry): Promise<void> {
    const { name } = entry.board;
    if (this.#entries.get(name) === entry) {
      this.#answer(goodbyeTo(name), serviceQuestion());
      this.#entries.delete(name);
    }
    for (const { address } of entry.sockets) await this.#releaseSocket(address);
  }

  #publish({ name, port, txt }: AnnouncedBoard): void {
    const known = this.#advertisements.get(name);
    if (known !== undefined) {
      known.port = port;
      known.options = { name, txt };
      this.#answer(announcementTo(name), serviceQuestion());
      return;
    }
    const network = {
      // Every advertisement listens, but each answers for all of them: one is enough.
      on: (_event: 'packets', listener: (packets: readonly Packet[]) => void) => {
        this.#ask = listener;
      },
      addUsage: (_user: unknown, ready: () => void) => {
        ready();
      },
      send: (packet: Packet) => {
        this.#send(packet);
      },
      stop: () => undefined,
    };
    const advertisement = new mdns.Advertisement(network, mdns.tcp(SERVICE), port, { name, txt });
    advertisement.status = READY_TO_PUBLISH;
    advertisement.alias = `${name}.${SERVICE_NAME}`;
    this.#advertisements.set(name, advertisement);
    advertisement.start();
  }

  /** Has mdns-js answer a question, now, to `recipient`. */
  #answer(recipient: Recipient, question: { name: string; type: number }): void {
    this.#recipient = recipient;
    this.#ask([{ question: [{ ...question, class: CLASS_IN }], answer: [], additional: [] }]);
    this.#recipient = undefined;
  }

  /** A packet of mdns-js with the records of one board; outside of `#answer` it is its own announcement and repetition. */
  #send(packet: Packet): void {
    const name = packet.answer[0]?.name.slice(0, -SERVICE_NAME.length - 1) ?? '';
    const entry = this.#entries.get(name);
    // The repetition of an announcement may come when the board is gone, or back with another port.
    if (entry?.board.port !== packet.answer[0]?.port) return;
    const recipient = this.#recipient ?? announcementTo(name);
    if (entry === undefined || (recipient.only !== undefined && recipient.only !== name)) return;
    recipient.send(entry, packet);
  }

  #hear(message: Buffer, from: RemoteInfo, socket: MdnsSocket): void {
    // A socket hears what any socket of this host has joined; a board on loopback answers this host alone.
    if (isLoopback(socket.address) !== isLoopback(from.address)) return;
    const query = readQuery(message);
    for (const question of query?.questions ?? []) {
      const asked = this.#meaningOf(question);
      if (asked === undefined) continue;
      const legacy = from.port === MDNS_PORT ? undefined : { id: query?.id ?? 0, question };
      this.#answer(replyTo({ only: asked.only, socket, from, legacy, wantsUnicast: question.wantsUnicast }), asked);
    }
  }

  /** mdns-js answers questions for the service only; those for one board are turned into one, and `only` kept. */
  #meaningOf({ name, type }: AskedQuestion): { name: string; type: number; only: string | undefined } | undefined {
    const isPointer = type === RECORD.PTR || type === RECORD.ANY;
    if (name === SERVICE_NAME || name === ALL_SERVICES) return isPointer ? { name, type, only: undefined } : undefined;
    const only = [...this.#entries.keys()].find(board => isNameOf(board.toLowerCase(), name));
    return only === undefined ? undefined : { ...serviceQuestion(), only };
  }

  async #openSockets(address: string): Promise<MdnsSocket[]> {
    const addresses = address === '0.0.0.0' ? ownAddresses() : [address];
    return Promise.all(addresses.map(own => this.#openSocket(own)));
  }

  async #openSocket(address: string): Promise<MdnsSocket> {
    const known = this.#sockets.get(address) ?? {
      socket: MdnsSocket.open(address, (message, from, socket) => {
        this.#hear(message, from, socket);
      }),
      users: 0,
    };
    known.users += 1;
    this.#sockets.set(address, known);
    try {
      return await known.socket;
    } catch (error) {
      this.#sockets.delete(address);
      throw error;
    }
  }

  async #releaseSocket(address: string): Promise<void> {
    const known = this.#sockets.get(address);
    if (known === undefined || --known.users > 0) return;
    this.#sockets.delete(address);
    await (await known.socket).close();
  }
}

function serviceQuestion(): { name: string; type: number } {
  return { name: SERVICE_NAME, type: RECORD.PTR };
}

function isNameOf(board: string, name: string): boolean {
  return name === `${board}.local` || name === `${board}.${SERVICE_NAME}`;
}

function announcementTo(name: string): Recipient {
  return { only: name, send: multicaster(TTL_S) };
}

function goodbyeTo(name: string): Recipient {
  return { only: name, send: multicaster(0) };
}

function multicaster(ttlS: number): Recipient['send'] {
  return ({ board, sockets }, packet) => {
    for (const socket of sockets) socket.multicast(writeResponse(withAddress(packet, board, socket), { ttlS }));
  };
}

interface Asker {
  readonly only: string | undefined;
  readonly socket: MdnsSocket;
  readonly from: RemoteInfo;
  readonly legacy: ResponseOptions['legacy'] | undefined;
  readonly wantsUnicast: boolean;
}

/** To the asker alone if it has a port of its own; if it only asked for unicast, to all as well, whose copies may be old. */
function replyTo({ only, socket, from, legacy, wantsUnicast }: Asker): Recipient {
  return {
    only,
    send: (entry, packet) => {
      if (!entry.sockets.includes(socket)) return;
      const records = withAddress(packet, entry.board, socket);
      if (legacy !== undefined) {
        socket.reply(writeResponse(records, { ttlS: LEGACY_TTL_S, legacy }), from);
        return;
      }
      const response = writeResponse(records, { ttlS: TTL_S });
      if (wantsUnicast) socket.reply(response, from);
      socket.multicast(response);
    },
  };
}

/** mdns-js gives every board the addresses of all interfaces but loopback: a board has the one it listens on. */
function withAddress(packet: Packet, board: AnnouncedBoard, socket: MdnsSocket): Packet {
  const record: ResourceRecord = { name: `${board.name}.local`, type: RECORD.A, address: socket.address };
  return { ...packet, additional: [record] };
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}
