import type { Readable, Writable } from 'node:stream';
import type { Environment } from '../config/environment.js';
import type { SerialPortFacts } from '../discovery/serial-ports.js';
import type { DiscoverySource } from '../discovery/source.js';
import type { UsbDeviceFacts } from '../discovery/usb-devices.js';
import type { Discover } from '../pairing/host.js';

/** Where keystrokes and piped data come from; a terminal has `isTTY` and `setRawMode`. */
export type CliInput = Readable & {
  readonly isTTY?: boolean | undefined;
  readonly isRaw?: boolean | undefined;
  setRawMode?: ((raw: boolean) => unknown) | undefined;
};

/** Where text goes; a terminal has `isTTY` and a size, and emits `resize`. */
export type CliOutput = Writable & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};

/** Everything of the process that the command line touches, so that tests can bring their own. */
export interface CliIo {
  readonly stdin: CliInput;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly environment: Environment;
  /** Aborts when the user or the system ends the command; the reason is an Interruption. */
  readonly signal: AbortSignal;
  /** Looks for boards; default: on every network interface. */
  readonly discover?: Discover;
  /** Where boards are watched for; default: everywhere. */
  readonly sources?: (() => readonly DiscoverySource[]) | undefined;
  /** The serial ports there are; default: those of this host. */
  readonly listSerialPorts?: () => Promise<readonly SerialPortFacts[]>;
  /** What is plugged into USB; default: into this host. */
  readonly listUsb?: (() => Promise<readonly UsbDeviceFacts[]>) | undefined;
}
