// The only place that opens ports with the package serialport, whose native part is loaded then.
import { stat } from 'node:fs/promises';
import { isMainThread } from 'node:worker_threads';
import type { SerialPort } from 'serialport';
import { TransportError } from '../errors.js';
import { throwIfAborted } from '../time/deadline.js';
import type { ConsolePort } from './console-port.js';
import { openError, refuseIfHeld } from './port-errors.js';
import { StreamPort } from './stream-port.js';

/** What every Mendel board's console runs at, with 8 data bits, no parity, 1 stop bit and no flow control. */
const BAUD_RATE = 115_200;

interface Package {
  readonly SerialPort: typeof SerialPort;
}

export interface OpenSerialPortOptions {
  readonly signal?: AbortSignal | undefined;
  /** How the package is loaded; for tests. */
  readonly load?: () => Promise<Package>;
}

/**
 * Opens a serial port for this process alone. Modem lines stay as the system sets them: boards do not use them, and
 * pseudo-terminals have none.
 * @throws DeviceNotFoundError, DeviceBusyError, PermissionError, UsageError, TransportError
 */
export async function openSerialPort(path: string, options: OpenSerialPortOptions = {}): Promise<ConsolePort> {
  const { SerialPort: Port } = await load(options.load);
  await refuseIfHeld(path);
  throwIfAborted(options.signal);
  const port = new Port({
    path,
    baudRate: BAUD_RATE,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    rtscts: false,
    lock: true,
    // Leaves the lines as they are when the port is closed.
    hupcl: false,
    autoOpen: false,
  });
  await new Promise<void>((resolve, reject) => {
    port.open(error => {
      if (error) openError(path, error).then(reject, reject);
      else resolve();
    });
  });
  if (process.platform !== 'win32') await closeWhenRemoved(port, path);
  return new StreamPort(port, {
    name: path,
    lostHint: 'The USB cable was pulled, or the board or its hub lost power; plug it in and run the command again.',
    close: () => closePort(port),
  });
}

/** How often the device file is looked at. */
const PRESENCE_MS = 500;

/**
 * A port that is hung up can be read for ever, with nothing in it, and then the package goes on reading (bindings-cpp 13,
 * `unix-read`). That its device file has gone, or is another one, is what it does not look at.
 */
async function closeWhenRemoved(port: SerialPort, path: string): Promise<void> {
  const before = await identityOf(path);
  const timer = setInterval(() => {
    void identityOf(path).then(now => {
      if (now !== before && port.isOpen) port.close(undefined, new Error(`${path} was removed`));
    });
  }, PRESENCE_MS);
  port.once('close', () => {
    clearInterval(timer);
  });
}

async function identityOf(path: string): Promise<string> {
  return await stat(path).then(
    ({ dev, ino, rdev }) => [dev, ino, rdev].join(':'),
    () => 'none',
  );
}

async function loadHere(): Promise<Package> {
  if (isMainThread) return await import('serialport');
  // Its native part ends the whole process there (bindings-cpp 13, on Linux and macOS).
  throw new TransportError('Serial ports can be used on the main thread only.', {
    hint: 'Open the port in the main thread, or in a process of its own.',
  });
}

async function load(loadPackage: () => Promise<Package> = loadHere): Promise<Package> {
  try {
    return await loadPackage();
  } catch (error) {
    if (error instanceof TransportError) throw error;
    throw new TransportError('Serial ports cannot be used: the native part of the package serialport is missing.', {
      hint: 'Install mdt again with `npm install --global mendel-device-tool` on this system; tcp:HOST:PORT works without it.',
      cause: error,
    });
  }
}

/** A port that has vanished is closed already, which is no error here. */
async function closePort(port: SerialPort): Promise<void> {
  if (!port.isOpen) return;
  await new Promise<void>(resolve => {
    port.close(() => {
      resolve();
    });
  });
}
