import { join } from 'node:path';
import { repositoryRoot, type Namespace } from './namespace.js';

/** What the link between the desk and the switch is like; what is left out is as fast as the machine. */
export interface LinkShape {
  readonly rateMbit?: number;
  /** Added round-trip time. */
  readonly roundTripMs?: number;
}

/** Changes the desk's link. A link that has been given a delay keeps it. */
export async function shapeLink(hub: Namespace, desk: Namespace, shape: LinkShape): Promise<void> {
  // Each end shapes what it sends, so the rate holds in both directions.
  await Promise.all([setRate(desk, 'eth0', shape.rateMbit), setRate(hub, 'desk', shape.rateMbit)]);
  if (shape.roundTripMs !== undefined) await addDelay(hub, shape.roundTripMs);
}

async function setRate(machine: Namespace, port: string, rateMbit: number | undefined): Promise<void> {
  await machine.run(['tc', 'qdisc', 'del', 'dev', port, 'root']); // Fails where there is none, which is as wanted.
  if (rateMbit === undefined) return;
  const tbf = ['tbf', 'rate', `${String(rateMbit)}mbit`, 'burst', '128kb', 'latency', '100ms'];
  await machine.mustRun(['tc', 'qdisc', 'replace', 'dev', port, 'root', ...tbf]);
}

/** Puts a cable with a delay between the desk's port and the switch. */
async function addDelay(hub: Namespace, roundTripMs: number): Promise<void> {
  await hub.startDaemon(
    ['python3', join(repositoryRoot, 'test', 'lab', 'delay.py'), 'near', 'far', String(roundTripMs / 2)],
    /^delay ready/,
  );
  await hub.ip([
    'link add entry type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
    'link set desk master entry',
    'link set near master entry up',
    'link set far master lan up',
    'link set entry up',
  ]);
}
