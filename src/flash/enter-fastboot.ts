import { formatFastbootTarget, type FastbootTarget, type NetworkTarget } from '../device/fastboot-target.js';
import { routeHost, type SshRoute } from '../device/route.js';
import type { Device } from '../device/device.js';
import { sshRoutes } from '../device/device.js';
import type { FastbootClient } from '../fastboot/client.js';
import type { ConnectOptions } from '../fastboot/connect.js';
import type { BoardRequest, HostContext } from '../pairing/host.js';
import { search } from '../pairing/host.js';
import { rebootBoard } from '../power/reboot.js';
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
}

const ENTER_TIMEOUT_MS = 60_000;
const RETRY_MS = 50;
/** A look at what is there takes this long. */
const LOOK_MS = 400;

/** Gets a board into fastboot by whatever way there is to it, and connects. Whoever calls it closes the client. */
export async function enterFastboot(host: HostContext, place: BoardPlace, request: EnterRequest): Promise<Entered> {
  switch (place.kind) {
    case 'fastboot':
      return await enterDirectly(host, place, request);
    case 'mendel':
      return await enterBySsh(host, place, request);
    case 'console':
      return await enterByConsole(host, { ...place, target: undefined }, request);
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
    if (console === undefined || !isNotYet(error)) throw error;
    return await enterByConsole(host, { name, console, target }, request);
  }
}

async function enterBySsh(
  host: HostContext,
  { name, device }: Extract<BoardPlace, { kind: 'mendel' }>,
  request: EnterRequest,
): Promise<Entered> {
  const before = await fastbootTargets(host, request);
  tell(request, `Restarting ${name} into its bootloader.`);
  const board = await rebootBoard(host, { ...request, device, target: 'bootloader', wait: true });
  const mendelRoutes = sshRoutes(board);
  const usbPort = mendelRoutes.find(route => route.usbPort !== undefined)?.usbPort;
  const expected: Expected = {
    name,
    network: mendelRoutes.filter(({ medium }) => medium !== 'usb-network').map(networkTargetOf),
    isIt: target => !before.has(formatFastbootTarget(target)) && (usbPort === undefined || isAt(target, usbPort)),
  };
  return { ...(await awaitFastboot(host, expected, request)), mendelRoutes };
}

interface ConsoleWay {
  readonly name: string;
  readonly console: string;
  /** Where the board will be; undefined if that is not known. */
  readonly target: FastbootTarget | undefined;
}

async function enterByConsole(host: HostContext, way: ConsoleWay, request: EnterRequest): Promise<Entered> {
  const { openConsole } = await import('../console/open-console.js');
  const { enterFastboot: enterAtPrompt } = await import('../console/u-boot.js');
  const { signal, onProgress } = request;
  const before = await fastbootTargets(host, request);
  {
    await using port = await openConsole(way.console, { signal });
    await enterAtPrompt(port, { signal, onProgress });
  }
  const { name, target: place } = way;
  const isIt = (target: FastbootTarget): boolean =>
    place === undefined
      ? !before.has(formatFastbootTarget(target))
      : formatFastbootTarget(target) === formatFastbootTarget(place);
  const network = place === undefined || place.protocol === 'usb' ? [] : [place];
  return { ...(await awaitFastboot(host, { name, network, isIt }, request)), mendelRoutes: [] };
}

type Reached = Pick<Entered, 'link' | 'client'>;

/** What is looked out for: places on the network that may answer, and what among the boards that are found is the one. */
interface Expected {
  readonly name: string;
  readonly network: readonly NetworkTarget[];
  readonly isIt: (target: FastbootTarget) => boolean;
}

async function awaitFastboot(
  host: HostContext,
  { name, network, isIt }: Expected,
  request: EnterRequest,
): Promise<Reached> {
  const timeoutMs = request.enterTimeoutMs ?? ENTER_TIMEOUT_MS;
  const hint =
    'Its USB data port has to be connected to this computer, by a cable with data lines; check `mdt fastboot devices`.';
  const operation = `waiting for ${name} to come up in fastboot`;
  return await withDeadline({ operation, timeoutMs, signal: request.signal, hint }, signal => {
    const knock = async (target: FastbootTarget, signal: AbortSignal): Promise<Reached | undefined> => {
      const client = await greet(target, { ...request.connect, signal, timeoutMs });
      return client === undefined ? undefined : { link: linkTo(target), client };
    };
    const look = async (signal: AbortSignal): Promise<Reached | undefined> => {
      const [seen] = (await devicesNow(host, signal)).flatMap(fastbootTargetsOf).filter(isIt);
      return seen === undefined ? undefined : await knock(seen, signal);
    };
    return firstOf([look, ...network.map(target => (signal: AbortSignal) => knock(target, signal))], signal);
  });
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

async function fastbootTargets(host: HostContext, { signal }: BoardRequest): Promise<Set<string>> {
  return new Set((await devicesNow(host, signal)).flatMap(fastbootTargetsOf).map(formatFastbootTarget));
}

/** A failed look is one that saw nothing. */
async function devicesNow(host: HostContext, signal: AbortSignal | undefined): Promise<Device[]> {
  const devices = await search(host, { timeoutMs: LOOK_MS, signal });
  throwIfAborted(signal);
  return devices;
}

function fastbootTargetsOf(device: Device): FastbootTarget[] {
  return device.routes.flatMap(route => (route.kind === 'fastboot' && route.access === 'ready' ? [route.target] : []));
}

/** A board that takes fastboot from the network does so at the address that it had. */
function networkTargetOf(route: SshRoute): NetworkTarget {
  const { fastbootPort: port } = route;
  return { protocol: 'tcp', host: routeHost(route), ...(port === undefined ? {} : { port }) };
}

function isAt(target: FastbootTarget, usbPort: string): boolean {
  return target.protocol === 'usb' && target.usbPort === usbPort;
}

function tell({ onProgress }: BoardRequest, text: string): void {
  onProgress?.({ kind: 'message', task: 'flash', text });
}
