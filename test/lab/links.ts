import type { Namespace } from './namespace.js';
import { mustRun } from './program.js';
import type { UsbLink } from './board.js';

/** All Mendel boards have this address and this MAC on USB (usb-gadget, ECM). */
export const GADGET_ADDRESS = '192.168.100.2';
export const GADGET_MAC = '02:22:78:0d:f6:df';

export function boardLanAddress(index: number): string {
  return `10.77.0.${String(10 + index)}`;
}

export const DESK_LAN_ADDRESS = '10.77.0.1';

/** A cable between two machines of the lab; both ends are down. */
export async function cable(from: Namespace, fromName: string, to: Namespace, toName: string): Promise<void> {
  const ends = [fromName, 'netns', String(from.pid), 'type', 'veth', 'peer', 'name', toName, 'netns', String(to.pid)];
  await mustRun(['ip', 'link', 'add', 'name', ...ends]);
}

/** Makes the hub a switch that floods multicast, as cheap ones do, and has no delay of its own. */
export async function makeSwitch(hub: Namespace, name: string): Promise<void> {
  await hub.ip([`link add ${name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`, `link set ${name} up`]);
}

/** Joins a machine to the switch with an address of its own. */
export async function joinLan(
  hub: Namespace,
  machine: Namespace,
  place: { readonly port: string; readonly address: string },
): Promise<void> {
  await cable(hub, place.port, machine, 'eth0');
  await hub.ip([`link set ${place.port} master lan up`]);
  await machine.ip([
    'link set eth0 up',
    `addr add ${place.address}/24 brd + dev eth0`,
    // Where a router would be: it never answers, which is what most addresses do.
    'route add default via 10.77.0.254 dev eth0',
  ]);
}

/** A USB network link: every board has the same address and MAC, and the desk the lease that the board's server gives. */
export async function plugInUsb(desk: Namespace, board: Namespace, link: UsbLink): Promise<void> {
  const index = Number(link.interface.replace(/\D/g, ''));
  await cable(desk, link.interface, board, 'usb0');
  await board.ip([
    `link set usb0 address ${GADGET_MAC}`,
    'link set usb0 up',
    `addr add ${GADGET_ADDRESS}/24 brd + dev usb0`,
  ]);
  await desk.ip([
    `link set ${link.interface} up`,
    `addr add 192.168.100.${String(50 + index)}/24 brd + dev ${link.interface}`,
  ]);
}
