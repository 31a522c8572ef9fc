import { routeHost, SSH_PORT, type SshRoute } from '../device/route.js';
import { pause } from '../time/deadline.js';
import { isContinued, isOnLink, linkFingerprint, listLinks, type Link } from './interfaces.js';
import { routeOver, wentOver } from './medium.js';
import type { Sighting } from './sighting.js';
import type { DiscoverySource, SourceContext } from './source.js';
import { probeSsh } from './ssh-probe.js';

export interface UsbNetworkOptions {
  /** The interfaces to look at, asked for again every second; default: all of this host. */
  readonly links?: () => Promise<readonly Link[]>;
  /** How to ask an address for an SSH server. */
  readonly probe?: typeof probeSsh;
}

/**
 * Addresses of every Mendel board on its own USB cable: CDC-ECM and RNDIS, as its usb-gadget scripts set them, and the
 * link-local ones that follow from the MACs set there (02:22:78:0d:f6:df and …:de; RFC 4291 appendix A).
 */
const BOARD_ADDRESSES = ['192.168.100.2', '192.168.101.2', 'fe80::22:78ff:fe0d:f6df', 'fe80::22:78ff:fe0d:f6de'];

const POLL_MS = 1000;
/** The board's sshd starts a process before it greets; on the same cable, nothing else takes time. */
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
        // Only the end of the search ends the pause early.
        await pause(POLL_MS, context.signal, context.clock).catch(() => undefined);
      }
      await search.settled();
    },
  };
}

interface Cable {
  readonly link: Link;
  readonly sightings: (Sighting & { readonly route: SshRoute })[];
  isProbing: boolean;
  /** Time of the search's clock. */
  pendingUntil: number;
}

class UsbSearch {
  readonly #context: SourceContext;
  readonly #options: UsbNetworkOptions;
  readonly #probes = new Set<Promise<void>>();
  #cables: Cable[] = [];
  #links: readonly Link[] = [];

  constructor(context: SourceContext, options: UsbNetworkOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Looks which cables there are; probes those that are new or have not answered yet. */
  async follow(): Promise<void> {
    this.#links = await (this.#options.links ?? listLinks)();
    const before = this.#cables;
    this.#cables = this.#links
      .filter(link => link.gadget)
      .map(
        link => before.find(cable => linkFingerprint(cable.link) === linkFingerprint(link)) ?? newCable(link, before),
      );
    for (const cable of this.#cables) {
      const isNew = !before.includes(cable);
      if (!cable.isProbing && (isNew || cable.sightings.length === 0)) this.#probe(cable);
    }
    if (before.length > 0 || this.#cables.length > 0) this.#report();
  }

  /** Resolves when no probe runs any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#probes);
  }

  #probe(cable: Cable): void {
    const addresses = BOARD_ADDRESSES.filter(
      address => isBoardSide(cable.link, address) && cable.sightings.every(({ route }) => route.address !== address),
    );
    cable.isProbing = true;
    cable.pendingUntil = this.#context.clock.now() + PROBE_TIMEOUT_MS;
    const probing = Promise.all(addresses.map(address => this.#probeAddress(cable, address))).then(() => {
      this.#probes.delete(probing);
      cable.isProbing = false;
      cable.pendingUntil = 0;
      this.#report();
    });
    this.#probes.add(probing);
  }

  async #probeAddress(cable: Cable, address: string): Promise<void> {
    const { link, sightings } = cable;
    const { probe = probeSsh } = this.#options;
    const { signal, clock } = this.#context;
    const route = routeOver(link, address, SSH_PORT);
    const target = { host: routeHost(route), port: route.port };
    const ownAddress = await probe(target, { timeoutMs: PROBE_TIMEOUT_MS, signal, clock });
    if (ownAddress === undefined || !wentOver(route, ownAddress, this.#links)) return;
    const { serialNumber, hostName = '' } = link.gadget ?? {};
    const identity = { name: hostName, ...(serialNumber === undefined ? {} : { serialNumber }) };
    sightings.push({ source: 'usb-network', route, ...identity });
    cable.pendingUntil = 0;
    this.#report();
  }

  #report(): void {
    this.#context.report({
      sightings: this.#cables.flatMap(cable => cable.sightings),
      pendingUntil: Math.max(0, ...this.#cables.map(cable => cable.pendingUntil)),
    });
  }
}

/** A cable that has got another address is the same one, and its board need not answer again. */
function newCable(link: Link, before: readonly Cable[]): Cable {
  const sightings = before.find(cable => isContinued(cable.link, link))?.sightings ?? [];
  return { link, sightings: [...sightings], isProbing: false, pendingUntil: 0 };
}

/** Whether `address` can be that of the board at the other end: on its network, and not this host's own. */
function isBoardSide(link: Link, address: string): boolean {
  const isOwn = [...link.ipv4, ...link.ipv6].some(own => own.address === address);
  return isOnLink(link, address) && !isOwn;
}
