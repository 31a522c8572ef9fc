import {
  DeviceBusyError,
  DeviceNotFoundError,
  MdtError,
  PermissionError,
  ProtocolError,
  TimeoutError,
  TransportError,
} from '../errors.js';
import type { FastbootClient } from '../fastboot/client.js';
import { connectFastboot, type ConnectOptions } from '../fastboot/connect.js';
import { throwIfAborted, withDeadline, type Deadline } from '../time/deadline.js';
import { until } from '../time/retry.js';
import { listFastbootBoards, nameFastbootBoard, type FastbootBoard, type ListUsb } from './fastboot-boards.js';
import { expectedAmong, type Expected } from './same-board.js';

/** A board in fastboot that has answered. The client is the caller's to close. */
export interface ReadyBoard {
  readonly board: FastbootBoard;
  readonly client: FastbootClient;
}

/** Which board is waited for, in which state and for how long. */
export interface WaitOptions extends ConnectOptions, Deadline {
  /** What a board on the network has to call itself; undefined where that is not known. */
  readonly serialNumber?: string | undefined;
  readonly list?: ListUsb | undefined;
  /** How a board is connected; for tests. */
  readonly connect?: typeof connectFastboot | undefined;
}

export type ReconnectOptions = Omit<WaitOptions, 'operation' | 'hint'>;

/** A board that has not ended its connection by then restarts without doing so. */
const DOWN_TIMEOUT_MS = 5000;
/** Listing USB costs a few milliseconds; an address without a board refuses at once. */
const POLL_MS = 50;
/** A bootloader that is ready answers within milliseconds; one that has just started may lose the first question. */
const ANSWER_TIMEOUT_MS = 3000;
const HINT =
  'Check the cable and the power supply; if its console shows nothing, set the boot switches to eMMC and power it again.';

/**
 * Waits until one of the boards that are expected is in fastboot and answers a question.
 * @throws TimeoutError; PermissionError or DeviceBusyError if it is there and cannot be opened; DeviceNotFoundError if
 * another board answers at its address
 */
export async function waitForFastboot(expected: readonly Expected[], options: WaitOptions): Promise<ReadyBoard> {
  const shut = new Map<Expected, MdtError>();
  const deadline = { ...options, hint: options.hint ?? HINT };
  const attempt = async (one: Expected, signal: AbortSignal): Promise<ReadyBoard | undefined> => {
    const met = await meet(one, { ...options, signal });
    if (!(met instanceof MdtError)) return met;
    if (isShut(met)) shut.set(one, met);
    else shut.delete(one);
    return undefined;
  };
  try {
    return await withDeadline(deadline, signal => firstOf(expected, signal, attempt));
  } catch (error) {
    const [obstacle = error] = shut.values();
    throw error instanceof TimeoutError ? obstacle : error;
  }
}

/**
 * Meets the same board again that was told to restart into fastboot, and connects anew. `client` is closed.
 * @throws as waitForFastboot
 */
export async function reconnect({ board, client }: ReadyBoard, options: ReconnectOptions): Promise<ReadyBoard> {
  // Over UDP there is nothing to end. U-Boot answers nothing any more once it has promised to restart.
  if (board.route.medium === 'tcp') await client.untilGone(DOWN_TIMEOUT_MS, options.signal);
  await client.close();
  const operation = `waiting for ${nameFastbootBoard(board)} to come back into fastboot`;
  return await waitForFastboot([{ kind: 'return', board }], { ...options, operation });
}

/** While a board restarts it is absent, refuses, is silent or babbles. */
export function isNotYet(error: unknown): error is MdtError {
  return [TransportError, TimeoutError, ProtocolError, DeviceNotFoundError].some(kind => error instanceof kind);
}

/** It may also be there, and not yet this user's to open. */
function isShut(error: unknown): error is MdtError {
  return error instanceof PermissionError || error instanceof DeviceBusyError;
}

/** Tries all over and over until one is there; the others are given up then. */
async function firstOf(
  expected: readonly Expected[],
  signal: AbortSignal,
  attempt: (one: Expected, signal: AbortSignal) => Promise<ReadyBoard | undefined>,
): Promise<ReadyBoard> {
  const found = new AbortController();
  const searching = AbortSignal.any([signal, found.signal]);
  const searches = expected.map(async one => {
    const ready = await until({ intervalMs: POLL_MS, signal: searching }, () => attempt(one, searching));
    if (found.signal.aborted) await ready.client.close();
    found.abort();
    return ready;
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

/** Undefined while it is not in fastboot; why it does not answer yet, if it is. */
async function meet(expected: Expected, options: WaitOptions): Promise<ReadyBoard | MdtError | undefined> {
  const isOnNetwork = expected.kind === 'return' && expected.board.route.medium !== 'usb';
  const board = isOnNetwork ? expected.board : expectedAmong(expected, await listFastbootBoards(options.list));
  if (board === undefined) return undefined;
  try {
    const { client, serialNumber } = await connectAndAsk(board, options);
    if (!isOnNetwork || [undefined, serialNumber].includes(options.serialNumber)) return { board, client };
    await client.close();
  } catch (error) {
    throwIfAborted(options.signal);
    if (isNotYet(error) || isShut(error)) return error;
    throw error;
  }
  throw new DeviceNotFoundError(`Another board answers at ${nameFastbootBoard(board)} now.`, {
    hint: `Take it off, connect the board ${options.serialNumber ?? ''} there again, and go on with --resume.`,
    facts: { serialNumber: options.serialNumber },
  });
}

/** Any answer will do, also that the board does not tell its number. */
async function connectAndAsk(
  board: FastbootBoard,
  options: WaitOptions,
): Promise<{ readonly client: FastbootClient; readonly serialNumber: string | undefined }> {
  const { connect = connectFastboot, signal } = options;
  const client = await connect(board.route.target, options);
  const asking = { operation: `asking ${nameFastbootBoard(board)}`, timeoutMs: ANSWER_TIMEOUT_MS, signal };
  try {
    return { client, serialNumber: await withDeadline(asking, ended => client.findVariable('serialno', ended)) };
  } catch (error) {
    await client.close();
    throw error;
  }
}
