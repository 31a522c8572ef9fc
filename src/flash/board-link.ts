import {
  formatFastbootTarget,
  type FastbootTarget,
  type NetworkTarget,
  type UsbTarget,
} from '../device/fastboot-target.js';
import {
  AbortedError,
  DeviceNotFoundError,
  ProtocolError,
  TimeoutError,
  TransportError,
  type MdtError,
} from '../errors.js';
import type { FastbootClient } from '../fastboot/client.js';
import { connectFastboot, type ConnectOptions } from '../fastboot/connect.js';
import { listFastbootBoards, type FastbootBoard } from '../power/fastboot-boards.js';
import { waitForFastboot } from '../power/wait-for-fastboot.js';
import { throwIfAborted, withDeadline } from '../time/deadline.js';
import { until } from '../time/retry.js';

/** The way to one board in fastboot that outlives its restarts. */
export interface BoardLink {
  /** As the user names it: `tcp:192.168.1.7`, `usb:1-1.4`. */
  readonly name: string;
  readonly target: FastbootTarget;
  /** As its USB descriptor has it; undefined until it is connected, and on the network. */
  readonly usbSerialNumber?: string | undefined;
  connect(options: ConnectOptions): Promise<FastbootClient>;
  /**
   * Connects again after `reboot-bootloader` has been answered: waits until the board has gone, until the same board is
   * there again, and until it answers. `gone` is the connection that it was told on; it is closed.
   * @throws TimeoutError if it does not come back; DeviceNotFoundError if another board answers in its place
   */
  reconnect(gone: FastbootClient, comeback: Comeback): Promise<FastbootClient>;
}

export interface Comeback extends ConnectOptions {
  /** Undefined where the board does not tell it. */
  readonly serialNumber?: string | undefined;
  readonly timeoutMs: number;
}

/** A board that has not ended its connection by then restarts without doing so. */
const DOWN_TIMEOUT_MS = 5000;
const RETRY_MS = 50;
const LOST_HINT =
  'Check its power and cable; if it shows nothing on its console, set its switches to eMMC and power it again.';

export function linkTo(target: FastbootTarget): BoardLink {
  return target.protocol === 'usb' ? usbLink(target) : networkLink(target);
}

function networkLink(target: NetworkTarget): BoardLink {
  const name = formatFastbootTarget(target);
  return {
    ...{ name, target },
    connect: options => connectFastboot(target, options),
    reconnect: async (gone, comeback) => {
      // Over UDP there is nothing to end. U-Boot answers nothing any more once it has promised to restart.
      if (target.protocol === 'tcp') await gone.untilGone(DOWN_TIMEOUT_MS, comeback.signal);
      await gone.close();
      const { timeoutMs, signal } = comeback;
      const operation = `waiting for ${name} to come back into fastboot`;
      return await withDeadline({ operation, timeoutMs, signal, hint: LOST_HINT }, ended =>
        until({ intervalMs: RETRY_MS, signal: ended }, () => greet(target, { ...comeback, signal: ended })),
      );
    },
  };
}

/** On USB a board that comes back is another device, which is told by its serial number or by its port. */
function usbLink(target: UsbTarget): BoardLink {
  const name = formatFastbootTarget(target);
  let board: FastbootBoard | undefined;
  return {
    ...{ name, target },
    get usbSerialNumber() {
      return board?.device.serialNumber;
    },
    connect: async options => {
      board = (await listFastbootBoards()).find(({ route }) => route.usbPort === target.usbPort);
      return await connectFastboot(target, options);
    },
    reconnect: async (gone, comeback) => {
      await gone.close();
      if (board === undefined) throw new Error(`${name} was never connected.`);
      const ready = await waitForFastboot({ kind: 'return', board }, comeback);
      board = ready.board;
      return ready.client;
    },
  };
}

/** A connection to the board if it answers; undefined while it does not. */
export async function greet(target: FastbootTarget, comeback: Comeback): Promise<FastbootClient | undefined> {
  const { serialNumber, signal, timeouts, onMessage } = comeback;
  let client: FastbootClient | undefined;
  try {
    client = await connectFastboot(target, { timeouts, onMessage, signal });
    const shown = await client.findVariable('serialno', signal);
    if (serialNumber === undefined || shown === serialNumber) return client;
  } catch (error) {
    await client?.close();
    throwIfAborted(signal);
    if (isNotYet(error)) return undefined;
    throw error;
  }
  await client.close();
  throw new DeviceNotFoundError(`Another board answers at ${formatFastbootTarget(target)} now.`, {
    hint: `Take it off, connect the board ${serialNumber} there again, and go on with --resume.`,
    facts: { serialNumber },
  });
}

/** While a board restarts it is absent, refuses, is silent or babbles. */
export function isNotYet(error: unknown): error is MdtError {
  if (error instanceof AbortedError) return false;
  return [TransportError, TimeoutError, ProtocolError, DeviceNotFoundError].some(kind => error instanceof kind);
}
