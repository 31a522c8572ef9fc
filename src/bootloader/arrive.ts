import { formatFastbootTarget, type NetworkTarget } from '../device/fastboot-target.js';
import { routeHost, type SshRoute } from '../device/route.js';
import { sshRoutes } from '../device/device.js';
import { DeviceNotFoundError, PairingRefusedError, TransportError } from '../errors.js';
import { connectFastboot, type ConnectOptions } from '../fastboot/connect.js';
import { openHost, type BoardRequest, type HostContext } from '../pairing/host.js';
import { boardAt, boardOnNetwork, listFastbootBoards } from './fastboot-boards.js';
import type { BoardPlace } from './locate-board.js';
import { rebootBoard } from './reboot.js';
import type { Expected } from './same-board.js';
import { isNotYet, waitForFastboot, type ReadyBoard } from './wait-for-fastboot.js';

/** A board in fastboot that answers. */
export interface ArrivedBoard extends ReadyBoard {
  /** Where it was when it ran Mendel, if it did. */
  readonly mendelRoutes: readonly SshRoute[];
}

export interface ArriveRequest extends BoardRequest {
  readonly connect: Omit<ConnectOptions, 'signal'>;
  /** Longest wait for the board to come up in fastboot; default 60 s. */
  readonly enterTimeoutMs?: number | undefined;
  /** Its flash was interrupted, perhaps while it restarted: wait until it answers. */
  readonly resume?: boolean | undefined;
}

const ENTER_TIMEOUT_MS = 60_000;
const HINT =
  'Its USB data port has to be connected to this computer, by a cable with data lines; check `mdt fastboot devices`. ' +
  'A board that takes fastboot from the network has to be named: -d tcp:HOST or -d udp:HOST.';

/** Gets a board into fastboot by whatever way there is to it, and connects. Whoever calls it closes the client. */
export async function arrive(host: HostContext, place: BoardPlace, request: ArriveRequest): Promise<ArrivedBoard> {
  switch (place.kind) {
    case 'fastboot':
      return { ...(await arriveDirectly(host, place, request)), mendelRoutes: [] };
    case 'mendel':
      return await arriveFromMendel(host, place, request);
    case 'console':
      return { ...(await arriveByConsole(host, place, request)), mendelRoutes: [] };
  }
}

/** A board that does not answer where it should be in fastboot can be brought there by its console, if that is known. */
async function arriveDirectly(
  host: HostContext,
  { name, target, console }: Extract<BoardPlace, { kind: 'fastboot' }>,
  request: ArriveRequest,
): Promise<ReadyBoard> {
  const way = target.protocol === 'usb' ? { usbPort: target.usbPort } : { network: [target] };
  try {
    const board = await boardAt(target);
    if (board === undefined)
      throw new DeviceNotFoundError(`No board in fastboot is at ${name} any more.`, { hint: HINT });
    return { board, client: await connectFastboot(target, { ...request.connect, signal: request.signal }) };
  } catch (error) {
    if (!isNotYet(error)) throw error;
    if (console !== undefined) return await arriveByConsole(host, { name, console, ...way }, request);
    if (request.resume !== true) throw error;
    const usb = target.protocol === 'usb' ? { kind: 'arrival' as const, before: [] } : undefined;
    return await waitFor({ name, ...way }, usb, request);
  }
}

/**
 * A board that does not answer over SSH, or does not let this host in, can be brought there by its console: only by one
 * that the user has named, since no other shows that it is this board's. One with another host key may be another board.
 */
async function arriveFromMendel(
  host: HostContext,
  place: Extract<BoardPlace, { kind: 'mendel' }>,
  request: ArriveRequest,
): Promise<ArrivedBoard> {
  const { name, console, routes: mendelRoutes = [] } = place;
  try {
    return await arriveBySsh(host, place, request);
  } catch (error) {
    if (console === undefined) throw error instanceof PairingRefusedError ? adviseConsole(error) : error;
    if (!isNotYet(error) && !(error instanceof PairingRefusedError)) throw error;
    tell(request, `${error.message} Trying its console.`);
    const way = { name, console, ...wayAfter(mendelRoutes) };
    return { ...(await arriveByConsole(host, way, request)), mendelRoutes };
  }
}

function adviseConsole({ message, hint = '', facts, cause }: PairingRefusedError): PairingRefusedError {
  const advice = 'To flash it without SSH, give its serial console with --console PORT (`mdt console --list`).';
  return new PairingRefusedError(message, { hint: `${hint} ${advice}`.trim(), facts, cause });
}

async function arriveBySsh(
  host: HostContext,
  { name, device }: Extract<BoardPlace, { kind: 'mendel' }>,
  request: ArriveRequest,
): Promise<ArrivedBoard> {
  const usb = await arrivalOnUsb();
  tell(request, `Restarting ${name} into its bootloader.`);
  const board = await rebootBoard(host, { ...request, device, target: 'bootloader', wait: true });
  const mendelRoutes = sshRoutes(board);
  return { ...(await waitFor({ name, ...wayAfter(mendelRoutes) }, usb, request)), mendelRoutes };
}

/** Where a board may come up in fastboot. */
interface Way {
  readonly name: string;
  readonly network?: readonly NetworkTarget[] | undefined;
  /** Where it will be on USB; undefined if that is not known. */
  readonly usbPort?: string | undefined;
}

/** A board that ran Mendel at `routes` takes fastboot at the addresses that it had. */
function wayAfter(routes: readonly SshRoute[]): Omit<Way, 'name'> {
  const network = routes
    .filter(({ medium }) => medium !== 'usb-network')
    .map((route): NetworkTarget => {
      const { fastbootPort: port } = route;
      return { protocol: 'tcp', host: routeHost(route), ...(port === undefined ? {} : { port }) };
    });
  return { network, usbPort: routes.find(route => route.usbPort !== undefined)?.usbPort };
}

async function arriveByConsole(
  host: HostContext,
  way: Way & { readonly console: string },
  request: ArriveRequest,
): Promise<ReadyBoard> {
  const [{ openConsole }, { enterFastboot }] = await Promise.all([
    import('../console/open-console.js'),
    import('../console/enter-fastboot.js'),
  ]);
  const { signal, onProgress } = request;
  const usb = await arrivalOnUsb();
  {
    await using port = await openConsole(way.console, { signal });
    await enterFastboot(port, {
      ...{ signal, onProgress },
      restartLinux: async (dialogue, at) => {
        const { restartLinux } = await import('../console/linux-restart.js');
        const { username, password } = await openHost(host, { onProgress });
        tell(request, `Restarting ${way.name} into its bootloader, by its console.`);
        await restartLinux(dialogue, { username, password, signal, onProgress, at });
      },
    });
  }
  return await waitFor(way, usb, request);
}

type Arrival = Extract<Expected, { kind: 'arrival' }>;

/** What will have come up on USB is what is not there yet; undefined where this computer has no USB to look at. */
async function arrivalOnUsb(): Promise<Arrival | undefined> {
  try {
    return { kind: 'arrival', before: await listFastbootBoards() };
  } catch (error) {
    if (error instanceof TransportError) return undefined;
    throw error;
  }
}

async function waitFor(
  { name, network = [], usbPort }: Way,
  usb: Arrival | undefined,
  request: ArriveRequest,
): Promise<ReadyBoard> {
  const expected: Expected[] = [
    ...(usb === undefined ? [] : [{ ...usb, usbPort }]),
    ...network.map(target => ({ kind: 'return', board: boardOnNetwork(target) }) as const),
  ];
  if (expected.length === 0) {
    throw new TransportError(`${name} restarts into fastboot, but this computer offers no USB to reach it by.`, {
      hint: HINT,
    });
  }
  const usbPlace = usbPort === undefined ? 'any USB port' : `usb:${usbPort}`;
  const places = [...(usb === undefined ? [] : [usbPlace]), ...network.map(formatFastbootTarget)];
  tell(request, `Waiting for it in fastboot at ${places.join(' or ')}.`);
  const { connect, signal, enterTimeoutMs: timeoutMs = ENTER_TIMEOUT_MS } = request;
  const operation = `waiting for ${name} to come up in fastboot`;
  return await waitForFastboot(expected, { ...connect, operation, timeoutMs, signal, hint: HINT });
}

function tell({ onProgress }: BoardRequest, text: string): void {
  onProgress?.({ kind: 'message', task: 'flash', text });
}
