import { parseNetworkTarget } from '../device/fastboot-target.js';
import { UsageError } from '../errors.js';

/** Where a console is: a serial port of this host, or a terminal server that passes its bytes on as they are. */
export type ConsolePlace =
  | { readonly kind: 'serial'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Parses `/dev/ttyUSB0`, `COM3` and `tcp:host:port`. @throws UsageError */
export function parseConsolePlace(text: string): ConsolePlace {
  const place = text.trim();
  if (!place.startsWith('tcp:')) {
    if (place !== '' && !/^(udp|telnet|ssh|usb|serial):/.test(place) && !place.includes('\0')) {
      return { kind: 'serial', path: place };
    }
    throw notAPlace(text);
  }
  try {
    const { host, port } = parseNetworkTarget(place);
    // Terminal servers have no usual port.
    if (port !== undefined) return { kind: 'tcp', host, port };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
  throw notAPlace(text);
}

function notAPlace(text: string): UsageError {
  return new UsageError(`${JSON.stringify(text)} is no serial console.`, {
    hint: 'Name a port from `mdt console --list`, such as /dev/ttyUSB0 or COM3, or write tcp:HOST:PORT.',
  });
}
