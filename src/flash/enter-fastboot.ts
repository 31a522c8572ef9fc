import { formatFastbootTarget, type FastbootTarget, type NetworkTarget } from '../device/fastboot-target.js';
import { routeHost, type SshRoute } from '../device/route.js';
import { sshRoutes } from '../device/device.js';
import { PairingRefusedError, TransportError } from '../errors.js';
import type { FastbootClient } from '../fastboot/client.js';
import type { ConnectOptions } from '../fastboot/connect.js';
import { openHost, type BoardRequest, type HostContext } from '../pairing/host.js';
import { listFastbootBoards } from '../power/fastboot-boards.js';
import { rebootBoard } from '../power/reboot.js';
import { waitForFastboot, type Expected as AwaitedBoard } from '../power/wait-for-fastboot.js';
import { throwIfAborted, withDeadline } from '../time/deadline.js';
import { until } from '../time/retry.js';
import { greet, isNotYet, linkTo, type BoardLink } from './board-link.js';
import type { BoardPlace } from './locate-board.js';

/** A board in fastboot that answers. */
export interface Entered {
  readonly link: BoardLink;
  readonly client: FastbootClient;
  /** Where it was when it ran Mendel, if it did. */
  readonly mendelRoutes: readonly SshRoute[];
}

export interface EnterRequest extends BoardRequest {
  readonly connect: Omit<ConnectOptions, 'signal'>;
  /** Longest wait for the board to come up in fastboot; default 60 s. */
  readonly enterTimeoutMs?: number | undefined;
  /** Its flash was interrupted, perhaps while it restarted: wait until it answers. */
  readonly resume?: boolean | undefined;
}

const ENTER_TIMEOUT_MS = 60_000;
const RETRY_MS = 50;
const COMEBACK_HINT = 'Put the board into fastboot by hand, then run the command again.';

/** Gets a board into fastboot by whatever way there is to it, and connects. Whoever calls it closes the client. */
export async function enterFastboot(host: HostContext, place: BoardPlace, request: EnterRequest): Promise<Entered> {
  switch (place.kind) {
    case 'fastboot':
      return await enterDirectly(host, place, request);
    case 'mendel':
      return await enterRunning(host, place, request);
    case 'console':
      return await enterByConsole(host, { ...place, network: [] }, request);
  }
}

/** A board that does not answer where it should be in fastboot can be brought there by its console, if that is known. */
async function enterDirectly(
  host: HostContext,
  { name, target, console }: Extract<BoardPlace, { kind: 'fastboot' }>,
  request: EnterRequest,
): Promise<Entered> {
  const link = linkTo(target);
  try {
    return { link, client: await link.connect({ ...request.connect, signal: request.signal }), mendelRoutes: [] };
  } catch (error) {
    if (!isNotYet(error)) throw error;
    if (console === undefined) {
      if (request.resume !== true) throw error;
      return { link, client: await connectLater(link, request), mendelRoutes: [] };
    }
    const way = target.protocol === 'usb' ? { network: [], usbPort: target.usbPort } : { network: [target] };
    return await enterByConsole(host, { name, console, ...way }, request);
  }
}

/** Tries until a board that restarts answers. */
async function connectLater(link: BoardLink, request: EnterRequest): Promise<FastbootClient> {
  tell(request, `Waiting for ${link.name} to come back into fastboot.`);
  const operation = `waiting for ${link.name} to come back into fastboot`;
  const timeoutMs = request.enterTimeoutMs ?? ENTER_TIMEOUT_MS;
  return await withDeadline({ operation, timeoutMs, signal: request.signal, hint: COMEBACK_HINT }, signal =>
    until({ intervalMs: RETRY_MS, signal }, async () => {
      try {
        return await link.connect({ ...request.connect, signal });
      } catch (error) {
        throwIfAborted(signal);
        if (!isNotYet(error)) throw error;
        return undefined;
      }
    }),
  );
}

/**
 * A board that does not answer over SSH, or does not let this host in, can be brought there by its console: only by one
 * that the user has named, since no other shows that it is this board's. One with another host key may be another board.
 */
async function enterRunning(
  host: HostContext,
  place: Extract<BoardPlace, { kind: 'mendel' }>,
  request: EnterRequest,
): Promise<Entered> {
  const { name, console, routes: mendelRoutes = [] } = place;
  try {
    return await enterBySsh(host, place, request);
  } catch (error) {
    if (console === undefined) throw error instanceof PairingRefusedError ? adviseConsole(error) : error;
    if (!isNotYet(error) && !(error instanceof PairingRefusedError)) throw error;
    tell(request, `${error.message} Trying its console.`);
    const entered = await enterByConsole(host, { name, console, ...expectedAfter(mendelRoutes) }, request);
    return { ...entered, mendelRoutes };
  }
}

function adviseConsole({ message, hint = '', facts, cause }: PairingRefusedError): PairingRefusedError {
  const advice = 'To flash it without SSH, give its serial console with --console PORT (`mdt console --list`).';
  return new PairingRefusedError(message, { hint: `${hint} ${advice}`.trim(), facts, cause });
}

/** Where a board comes up in fastboot that ran Mendel at these places. */
function expectedAfter(routes: readonly SshRoute[]): Pick<ConsoleWay, 'network' | 'usbPort'> {
  return {
    network: routes.filter(({ medium }) => medium !== 'usb-network').map(networkTargetOf),
    usbPort: routes.find(route => route.usbPort !== undefined)?.usbPort,
  };
}

async function enterBySsh(
  host: HostContext,
  { name, device }: Extract<BoardPlace, { kind: 'mendel' }>,
  request: EnterRequest,
): Promise<Entered> {
  const usb = await arrivalOnUsb();
  tell(request, `Restarting ${name} into its bootloader.`);
  const board = await rebootBoard(host, { ...request, device, target: 'bootloader', wait: true });
  const mendelRoutes = sshRoutes(board);
  const { network, usbPort } = expectedAfter(mendelRoutes);
  const expected: Expected = { name, network, usb: usb && { ...usb, usbPort } };
  return { ...(await awaitFastboot(expected, request)), mendelRoutes };
}

interface ConsoleWay {
  readonly name: string;
  readonly console: string;
  /** Where the board may answer on the network. */
  readonly network: readonly NetworkTarget[];
  /** Where it will be on USB; undefined if that is not known. */
  readonly usbPort?: string | undefined;
}

async function enterByConsole(host: HostContext, way: ConsoleWay, request: EnterRequest): Promise<Entered> {
  const { openConsole } = await import('../console/open-console.js');
  const { enterFastboot: enterAtPrompt } = await import('../console/enter-fastboot.js');
  const { signal, onProgress } = request;
  const { name, network, usbPort } = way;
  const usb = await arrivalOnUsb(usbPort);
  {
    await using port = await openConsole(way.console, { signal });
    await enterAtPrompt(port, {
      ...{ signal, onProgress },
      restartLinux: async (dialogue, state) => {
        const { restartLinux } = await import('../console/linux-restart.js');
        const { username, password } = await openHost(host, { onProgress });
        tell(request, `Restarting ${name} into its bootloader, by its console.`);
        await restartLinux(dialogue, { username, password, signal, onProgress, at: state });
      },
    });
  }
  return { ...(await awaitFastboot({ name, network, usb }, request)), mendelRoutes: [] };
}

type Arrival = Extract<AwaitedBoard, { kind: 'arrival' }>;
type Reached = Pick<Entered, 'link' | 'client'>;

/** What is looked out for: a board that comes up on USB, and places on the network that may answer. */
interface Expected {
  readonly name: string;
  readonly network: readonly NetworkTarget[];
  readonly usb: Arrival | undefined;
}

async function awaitFastboot({ name, network, usb }: Expected, request: EnterRequest): Promise<Reached> {
  const timeoutMs = request.enterTimeoutMs ?? ENTER_TIMEOUT_MS;
  const hint =
    'Its USB data port has to be connected to this computer, by a cable with data lines; check `mdt fastboot devices`. ' +
    'A board that takes fastboot from the network has to be named: -d tcp:HOST or -d udp:HOST.';
  const operation = `waiting for ${name} to come up in fastboot`;
  const knock = async (target: FastbootTarget, signal: AbortSignal): Promise<Reached | undefined> => {
    const client = await greet(target, { ...request.connect, signal, timeoutMs });
    return client === undefined ? undefined : { link: linkTo(target), client };
  };
  const look = async (usb: Arrival, signal: AbortSignal): Promise<Reached | undefined> => {
    const { board, client } = await waitForFastboot(usb, { ...request.connect, timeoutMs, signal });
    await client.close();
    const link = linkTo(board.route.target);
    return { link, client: await link.connect({ ...request.connect, signal: request.signal }) };
  };
  const ways = [
    ...(usb === undefined ? [] : [look.bind(undefined, usb)]),
    ...network.map(target => knock.bind(undefined, target)),
  ];
  if (ways.length === 0) {
    throw new TransportError(`${name} restarts into fastboot, but this computer offers no USB to reach it by.`, {
      hint,
    });
  }
  const places = [...(usb === undefined ? [] : [usbPlace(usb)]), ...network.map(formatFastbootTarget)];
  tell(request, `Waiting for it in fastboot at ${places.join(' or ')}.`);
  return await withDeadline({ operation, timeoutMs, signal: request.signal, hint }, signal => firstOf(ways, signal));
}

function usbPlace({ usbPort }: Arrival): string {
  return usbPort === undefined ? 'any USB port' : `usb:${usbPort}`;
}

/** Tries all ways over and over until one leads to the board; the others are given up then. */
async function firstOf(
  ways: readonly ((signal: AbortSignal) => Promise<Reached | undefined>)[],
  signal: AbortSignal,
): Promise<Reached> {
  const found = new AbortController();
  const searching = AbortSignal.any([signal, found.signal]);
  const searches = ways.map(async way => {
    const reached = await until({ intervalMs: RETRY_MS, signal: searching }, () => way(searching));
    if (found.signal.aborted) await reached.client.close();
    found.abort();
    return reached;
  });
  try {
    return await Promise.any(searches);
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    found.abort();
    await Promise.allSettled(searches);
  }
}

/** What will have come up on USB is what is not there yet; undefined where this computer has no USB to look at. */
async function arrivalOnUsb(usbPort?: string): Promise<Arrival | undefined> {
  try {
    return { kind: 'arrival', usbPort, before: await listFastbootBoards() };
  } catch (error) {
    if (error instanceof TransportError) return undefined;
    throw error;
  }
}

/** A board that takes fastboot from the network does so at the address that it had. */
function networkTargetOf(route: SshRoute): NetworkTarget {
  const { fastbootPort: port } = route;
  return { protocol: 'tcp', host: routeHost(route), ...(port === undefined ? {} : { port }) };
}

function tell({ onProgress }: BoardRequest, text: string): void {
  onProgress?.({ kind: 'message', task: 'flash', text });
}
