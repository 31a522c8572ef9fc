import { UDEV_HINT } from '../device/usb-ids.js';
import { DeviceBusyError, MdtError, PermissionError, TransportError } from '../errors.js';

export const NO_USB_HINT = 'Boards in fastboot over TCP or UDP can be named with tcp:HOST or udp:HOST.';
const CABLE_HINT =
  'Check the cable (a USB-C to USB-C one often fails), plug it into the computer itself and not a hub, and check the power supply.';

/** Each failure that the package `usb` tells in words, found in its message. */
const FAILURES: readonly (readonly [
  pattern: RegExp,
  error: (name: string, what: string, cause: unknown) => MdtError,
])[] = [
  [
    // The last is what a transfer is told that begins after the board has gone.
    /disconnected|no such device|errno 19\b|endpoint not found/i,
    (name, what, cause) =>
      new TransportError(`${name} was unplugged or restarted while ${what}.`, { hint: CABLE_HINT, cause }),
  ],
  [
    /stall/i,
    (name, what, cause) =>
      new TransportError(`${name} refused to go on (stall) while ${what}.`, {
        hint: 'Restart fastboot on the board and try again.',
        cause,
      }),
  ],
  [
    /errno (13|1)\b|permission denied|access denied/i,
    (name, _what, cause) =>
      new PermissionError(`${name} may not be opened by this user.`, {
        hint: UDEV_HINT,
        cause,
      }),
  ],
  [
    /errno 16\b|busy/i,
    (name, _what, cause) =>
      new DeviceBusyError(`Another program is using ${name}.`, {
        hint: 'End the other fastboot or mdt that has the board open, and try again.',
        cause,
      }),
  ],
];

/** What the package threw, as an error that says what happened and what to do. `what` reads after "while". */
export function usbError(cause: unknown, name: string, what: string): MdtError {
  if (cause instanceof MdtError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const failure = FAILURES.find(([pattern]) => pattern.test(text));
  if (failure !== undefined) return failure[1](name, what, cause);
  return new TransportError(`USB failed while ${what}: ${text.replace(/\.$/, '')}.`, { hint: CABLE_HINT, cause });
}

/** The board has halted an endpoint: it cannot or will not go on. */
export function isStall(error: unknown): boolean {
  return error instanceof Error && /stall/i.test(error.message);
}

/** The time given to one transfer was over before anything had come. */
export function isTransferTimeout(error: unknown): boolean {
  return error instanceof Error && /cancelled/i.test(error.message);
}
