import type { MdtError } from '../errors.js';
import {
  AbortedError,
  DeviceBusyError,
  DeviceNotFoundError,
  PermissionError,
  ProtocolError,
  TimeoutError,
  TransportError,
} from '../errors.js';
import type { FastbootClient } from '../fastboot/client.js';
import { connectFastboot, type ConnectOptions } from '../fastboot/connect.js';
import { FastbootFailError } from '../fastboot/fail-error.js';
import { withDeadline } from '../time/deadline.js';
import { until } from '../time/retry.js';
import { listFastbootBoards, nameFastbootBoard, type FastbootBoard, type ListUsb } from './fastboot-boards.js';

/** Which board is waited for. */
export type Expected =
  /** The board that was told to restart: it has to go first, and then to come back. */
  | { readonly kind: 'return'; readonly board: FastbootBoard }
  /**
   * A board that is on its way into fastboot: the one on this USB port, or, where that is not known, the only one that
   * was not in fastboot before.
   */
  | { readonly kind: 'arrival'; readonly usbPort?: string | undefined; readonly before: readonly FastbootBoard[] };

export interface WaitForFastbootOptions extends ConnectOptions {
  /** Bound on all of it; default 60 s. */
  readonly timeoutMs?: number | undefined;
  readonly list?: ListUsb | undefined;
  /** How a board is reached; for tests. */
  readonly connect?: typeof connectFastboot | undefined;
}

/** A board in fastboot that has answered. The client is the caller's to close. */
export interface ReadyBoard {
  readonly board: FastbootBoard;
  readonly client: FastbootClient;
}

const WAIT_TIMEOUT_MS = 60_000;
/** Listing USB costs a few milliseconds; an address without a board refuses at once. */
const POLL_MS = 100;
/** A bootloader that is ready answers within milliseconds; one that has just started may lose the first question. */
const ANSWER_TIMEOUT_MS = 3000;
const HINT =
  'Check the cable and the power supply, and the console of the board; with its boot switches set to eMMC it comes up by itself.';

/**
 * Tells a board to restart into fastboot, waits until it has gone and is back and answers, and connects anew. The old
 * client is closed.
 * @throws TimeoutError if it does not go or does not come back; what `FastbootClient` throws
 */
export async function rebootIntoFastboot(ready: ReadyBoard, options: WaitForFastbootOptions = {}): Promise<ReadyBoard> {
  const { board, client } = ready;
  try {
    await client.rebootBootloader(options.signal);
    if (board.route.medium !== 'usb') await untilSilent(ready, options);
  } finally {
    await client.close();
  }
  return await waitForFastboot({ kind: 'return', board }, options);
}

/**
 * Waits until the board that is meant is in fastboot and answers a question. On USB it is told by its serial number, or
 * by its port where that is no number of its own (every Dev Board Mini has the same).
 * @throws TimeoutError; PermissionError or DeviceBusyError if it is there and cannot be opened
 */
export async function waitForFastboot(expected: Expected, options: WaitForFastbootOptions = {}): Promise<ReadyBoard> {
  const what = expected.kind === 'return' ? nameFastbootBoard(expected.board) : 'a board';
  const timeoutMs = options.timeoutMs ?? WAIT_TIMEOUT_MS;
  let obstacle: MdtError | undefined;
  try {
    return await withDeadline(
      { operation: `waiting for ${what} to be in fastboot`, timeoutMs, signal: options.signal, hint: HINT },
      signal =>
        until({ intervalMs: POLL_MS, signal }, async () => {
          const board = await find(expected, options);
          if (board === undefined) return undefined;
          try {
            return { board, client: await connectAndAsk(board, { ...options, signal }) };
          } catch (error) {
            if (signal.aborted || !isNotYet(error)) throw error;
            obstacle = error;
            return undefined;
          }
        }),
    );
  } catch (error) {
    const isShut = obstacle instanceof PermissionError || obstacle instanceof DeviceBusyError;
    throw error instanceof TimeoutError && isShut ? obstacle : error;
  }
}

/** The board restarts after it has answered: until then it goes on to answer, and must not be taken for one that is back. */
async function untilSilent({ board, client }: ReadyBoard, options: WaitForFastbootOptions): Promise<void> {
  const operation = `waiting for ${nameFastbootBoard(board)} to restart`;
  const timeoutMs = options.timeoutMs ?? WAIT_TIMEOUT_MS;
  await withDeadline({ operation, timeoutMs, signal: options.signal, hint: HINT }, signal =>
    until({ intervalMs: POLL_MS, signal }, async () => {
      try {
        await ask(client, signal);
        return undefined;
      } catch (error) {
        if (signal.aborted || !isNotYet(error)) throw error;
        return true;
      }
    }),
  );
}

async function find(expected: Expected, options: WaitForFastbootOptions): Promise<FastbootBoard | undefined> {
  if (expected.kind === 'return' && expected.board.route.medium !== 'usb') return expected.board;
  const boards = await listFastbootBoards(options.list);
  return expected.kind === 'return' ? returned(expected.board, boards) : arrived(expected, boards);
}

function returned(board: FastbootBoard, now: readonly FastbootBoard[]): FastbootBoard | undefined {
  const back = now.filter(other => other.connection !== board.connection);
  const { serialNumber } = board.device;
  if (serialNumber !== undefined && isOwnNumber(serialNumber)) {
    const same = back.filter(other => other.device.serialNumber === serialNumber);
    if (same.length === 1) return same[0];
  }
  return back.find(other => other.device.serialNumber === serialNumber && isAt(other, board.route.usbPort));
}

function arrived(
  { usbPort, before }: Extract<Expected, { kind: 'arrival' }>,
  now: readonly FastbootBoard[],
): FastbootBoard | undefined {
  const fresh = now.filter(board => before.every(other => other.connection !== board.connection));
  const there = fresh.find(board => isAt(board, usbPort));
  if (there !== undefined) return there;
  const possible = usbPort === undefined ? fresh : fresh.filter(board => mayBeAt(board, usbPort));
  return possible.length === 1 ? possible[0] : undefined;
}

/** Where the system does not tell which ports are one socket, a port of another bus may be the same. */
function mayBeAt({ route, companionPort }: FastbootBoard, usbPort: string): boolean {
  return companionPort === undefined && busOf(route.usbPort) !== busOf(usbPort);
}

function busOf(usbPort: string | undefined): string | undefined {
  return usbPort?.split('-')[0];
}

function isAt({ route, companionPort }: FastbootBoard, usbPort: string | undefined): boolean {
  return usbPort !== undefined && (route.usbPort === usbPort || companionPort === usbPort);
}

/** The bootloader of the Dev Board gives 16 hexadecimal digits of the SoC; that of the Mini always these. */
function isOwnNumber(serialNumber: string): boolean {
  return /^[0-9a-f]{16}$/i.test(serialNumber) && !/^0123456789abcdef$/i.test(serialNumber);
}

async function connectAndAsk(board: FastbootBoard, options: WaitForFastbootOptions): Promise<FastbootClient> {
  const { connect = connectFastboot } = options;
  const client = await connect(board.route.target, options);
  try {
    await ask(client, options.signal);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Any answer will do, also that the variable is not known. */
async function ask(client: FastbootClient, signal: AbortSignal | undefined): Promise<void> {
  const timeUp = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  await client
    .getvar('version', signal === undefined ? timeUp : AbortSignal.any([signal, timeUp]))
    .catch((error: unknown) => {
      if (!(error instanceof FastbootFailError)) throw error;
    });
}

/** While a board restarts it is absent, silent, in the middle of things, or not yet this user's to open. */
function isNotYet(error: unknown): error is MdtError {
  return [
    TransportError,
    TimeoutError,
    ProtocolError,
    DeviceNotFoundError,
    PermissionError,
    DeviceBusyError,
    AbortedError,
  ].some(kind => error instanceof kind);
}
