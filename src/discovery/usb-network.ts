import { isLinkLocalIpv6, SSH_PORT } from '../device/route.js';
import { pause } from '../time/deadline.js';
import { isOnLink, linkFingerprint, listLinks, type Link } from './interfaces.js';
import { routeOver } from './medium.js';
import type { Sighting } from './sighting.js';
import { monotonicNow, type DiscoverySource, type SourceContext } from './source.js';
import { probeSsh } from './ssh-probe.js';

export interface UsbNetworkOptions {
  /** The interfaces to look at, asked for again every second; default: all of this host. */
  readonly links?: () => Promise<readonly Link[]>;
  /** Default 22. */
  readonly port?: number;
}

/**
 * Addresses of every Mendel board on its own USB cable: CDC-ECM and RNDIS, as its usb-gadget scripts set them, and the
 * link-local ones that follow from the MACs set there (02:22:78:0d:f6:df and …:de, RFC 4291 appendix A).
 */
const BOARD_ADDRESSES = [
  '192.168.100.2',
  '192.168.101.2',
  'fe80::22:78ff:fe0d:f6df',
  'fe80::22:78ff:fe0d:f6de',
] as const;

const POLL_MS = 1000;
const PROBE_TIMEOUT_MS = 800;

/**
 * Finds boards at the other end of a USB cable without multicast: asks the known addresses for an SSH server, on the
 * interfaces that lead to a Mendel board. A board stays found until its interface goes.
 */
export function usbNetworkSource(options: UsbNetworkOptions = {}): DiscoverySource {
  return {
    name: 'usb-network',
    run: async context => {
      const search = new UsbSearch(context, options);
      while (!context.signal.aborted) {
        await search.follow();
        // Only the abort of this search ends the pause early.
        await pause(POLL_MS, context.signal).catch(() => undefined);
      }
      await search.settled();
    },
  };
}

class UsbSearch {
  readonly #context: SourceContext;
  readonly #options: UsbNetworkOptions;
  readonly #cables = new Map<string, Cable>();
  #links: readonly Link[] = [];

  constructor(context: SourceContext, options: UsbNetworkOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Looks which cables there are, and probes those that have not answered yet. */
  async follow(): Promise<void> {
    this.#links = await (this.#options.links ?? listLinks)();
    const current = new Map(this.#links.filter(link => link.gadget).map(link => [linkFingerprint(link), link]));
    const isGone = [...this.#cables.keys()].filter(key => !current.has(key));
    for (const key of isGone) this.#cables.delete(key);
    for (const [key, link] of current) {
      const cable = this.#cables.get(key) ?? { link, sightings: [], probing: undefined, pendingUntil: 0 };
      this.#cables.set(key, cable);
      if (cable.sightings.length > 0 || cable.probing || this.#context.signal.aborted) continue;
      cable.pendingUntil = monotonicNow() + PROBE_TIMEOUT_MS;
      cable.probing = this.#probe(cable);
    }
    if (isGone.length > 0 || current.size > 0) this.#report();
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#cables.values()].flatMap(cable => cable.probing ?? []));
  }

  async #probe(cable: Cable): Promise<void> {
    const addresses = BOARD_ADDRESSES.filter(address => isBoardSide(cable.link, address));
    await Promise.all(addresses.map(address => this.#probeAddress(cable, address)));
    cable.probing = undefined;
    cable.pendingUntil = 0;
    this.#report();
  }

  async #probeAddress(cable: Cable, address: string): Promise<void> {
    const { link } = cable;
    const port = this.#options.port ?? SSH_PORT;
    const host = isLinkLocalIpv6(address) ? `${address}%${link.id}` : address;
    const { signal } = this.#context;
    const ownAddress = await probeSsh({ host, port }, { timeoutMs: PROBE_TIMEOUT_MS, signal });
    if (ownAddress === undefined || !this.#wentOver(link, address, ownAddress)) return;
    const { serialNumber, hostName = '' } = link.gadget ?? {};
    cable.sightings.push({
      source: 'usb-network',
      name: hostName,
      route: routeOver(link, address, port),
      ...(serialNumber === undefined ? {} : { serialNumber }),
    });
    cable.pendingUntil = 0;
    this.#report();
  }

  /**
   * Where two boards have one IPv4 address on two cables, the system sends to one of them whichever is meant: only this
   * host's own address of the connection shows to which. A scope leaves no doubt.
   */
  #wentOver(link: Link, address: string, ownAddress: string): boolean {
    if (isLinkLocalIpv6(address)) return true;
    const owners = this.#links.filter(other => other.ipv4.some(own => own.address === ownAddress));
    return owners.length === 1 && owners[0] === link;
  }

  #report(): void {
    const cables = [...this.#cables.values()];
    this.#context.report({
      sightings: cables.flatMap(cable => cable.sightings),
      pendingUntil: Math.max(0, ...cables.map(cable => cable.pendingUntil)),
    });
  }
}

interface Cable {
  readonly link: Link;
  readonly sightings: Sighting[];
  probing: Promise<void> | undefined;
  pendingUntil: number;
}

/** Whether `address` can be that of the board at the other end, and not this host's own. */
function isBoardSide(link: Link, address: string): boolean {
  const isOwn = [...link.ipv4, ...link.ipv6].some(own => own.address === address);
  return isOnLink(link, address) && !isOwn;
}
