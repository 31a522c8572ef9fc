import type { FastbootBoard } from './fastboot-boards.js';

/** Which board is waited for. */
export type Expected =
  /** The board that was told to restart. On USB it has to go first, and then to come back. */
  | { readonly kind: 'return'; readonly board: FastbootBoard }
  /**
   * A board that is on its way into fastboot: the one on this USB port, or, where that is not known, the only one that
   * was not in fastboot before.
   */
  | { readonly kind: 'arrival'; readonly usbPort?: string | undefined; readonly before: readonly FastbootBoard[] };

/** The board that is expected, among those that are in fastboot on USB now. */
export function expectedAmong(expected: Expected, now: readonly FastbootBoard[]): FastbootBoard | undefined {
  return expected.kind === 'return' ? returned(expected.board, now) : arrived(expected, now);
}

/**
 * The same board by its serial number, or by its port where that is no number of its own: every Dev Board Mini has the
 * same.
 */
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
