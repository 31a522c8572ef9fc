import { parseConsolePlace } from './console-place.js';
import type { ConsolePort } from './console-port.js';

export interface OpenConsoleOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a board's console: a serial port of this host, or `tcp:host:port`. The caller disposes it.
 * @throws UsageError, DeviceNotFoundError, DeviceBusyError, PermissionError, TransportError, TimeoutError, AbortedError
 */
export async function openConsole(place: string, options: OpenConsoleOptions = {}): Promise<ConsolePort> {
  const parsed = parseConsolePlace(place);
  if (parsed.kind === 'tcp') {
    const { openTcpConsole } = await import('./tcp-console.js');
    return await openTcpConsole(parsed, options);
  }
  const { openSerialPort } = await import('./serial-port.js');
  return await openSerialPort(parsed.path, options);
}
