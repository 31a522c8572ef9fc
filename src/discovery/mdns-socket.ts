import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isLinkLocalIpv6 } from '../device/route.js';
import type { Link } from './interfaces.js';

export type Family = 'udp4' | 'udp6';

/**
 * `ask`: a port of its own, to which unicast answers come at once (RFC 6762 section 6.7). `listen`: port 5353, which
 * hears what is told to everybody: announcements, goodbyes, and answers of responders that know no unicast.
 */
export type Role = 'ask' | 'listen';

export interface SocketPlace {
  readonly link: Link;
  readonly family: Family;
  readonly role: Role;
  /** Port of multicast DNS: 5353 but for tests. */
  readonly port: number;
}

export interface SocketEvents {
  onPacket(packet: Buffer, sourceAddress: string): void;
  onError(error: NodeJS.ErrnoException): void;
}

const GROUPS = { udp4: '224.0.0.251', udp6: 'ff02::fb' } as const;
/** RFC 6762 section 11. */
const MULTICAST_TTL = 255;

/** One UDP socket of multicast DNS on one interface. */
export class MdnsSocket implements Disposable {
  readonly place: SocketPlace;
  readonly #socket: Socket;
  readonly #events: SocketEvents;
  #open = true;

  private constructor(place: SocketPlace, socket: Socket, events: SocketEvents) {
    this.place = place;
    this.#socket = socket;
    this.#events = events;
    socket.on('message', (packet, source) => {
      events.onPacket(packet, source.address);
    });
    socket.on('error', error => {
      events.onError(error);
    });
  }

  /** @throws the system's error if the interface or the port cannot be used. */
  static async open(place: SocketPlace, events: SocketEvents): Promise<MdnsSocket> {
    const failures: unknown[] = [];
    for (const address of bindAddresses(place)) {
      const socket = createSocket({
        type: place.family,
        reuseAddr: place.role === 'listen',
        ipv6Only: place.family === 'udp6',
      });
      try {
        socket.bind(place.role === 'listen' ? place.port : 0, address);
        await once(socket, 'listening');
        joinGroup(socket, place);
        return new MdnsSocket(place, socket, events);
      } catch (error) {
        failures.push(error);
        socket.close();
      }
    }
    throw failures.at(-1);
  }

  /** Sends to everybody on the interface; a failure is told through `onError`. */
  send(packet: Buffer): void {
    if (!this.#open) return;
    const { family, link, port } = this.place;
    const group = family === 'udp4' ? GROUPS.udp4 : `${GROUPS.udp6}%${link.id}`;
    this.#socket.send(packet, port, group, error => {
      if (error && this.#open) this.#events.onError(error);
    });
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }
}

function joinGroup(socket: Socket, { link, family, role }: SocketPlace): void {
  const own = family === 'udp4' ? (link.ipv4[0]?.address ?? '') : `::%${link.id}`;
  socket.setMulticastInterface(own);
  socket.setMulticastTTL(MULTICAST_TTL);
  socket.setMulticastLoopback(true);
  if (role === 'listen') socket.addMembership(GROUPS[family], own);
}

/**
 * Addresses to bind to, best first. A listening socket is bound to the group, where the system allows it: bound to the
 * wildcard it would take unicast packets from a responder on this host, because the last socket bound gets them.
 */
function bindAddresses({ link, family, role }: SocketPlace): string[] {
  if (role === 'listen') {
    return family === 'udp4' ? [GROUPS.udp4, '0.0.0.0'] : [`${GROUPS.udp6}%${link.id}`, '::'];
  }
  if (family === 'udp4') return link.ipv4.slice(0, 1).map(own => own.address);
  const linkLocal = link.ipv6.find(own => isLinkLocalIpv6(own.address));
  return linkLocal ? [`${linkLocal.address}%${link.id}`] : link.ipv6.slice(0, 1).map(own => own.address);
}
