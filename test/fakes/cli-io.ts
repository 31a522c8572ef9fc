import { PassThrough, Writable } from 'node:stream';
import { readEnvironment } from '../../src/config/environment.js';
import type { CliIo } from '../../src/cli/io.js';
import type { Device } from '../../src/device/device.js';
import type { SerialPortFacts } from '../../src/discovery/serial-ports.js';
import type { UsbDeviceFacts } from '../../src/discovery/usb-devices.js';
import type { Discover } from '../../src/pairing/host.js';
import { run } from '../../src/cli/main.js';

export interface FakeIoOptions {
  /** Settings and keys go here. */
  readonly configDir: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Which streams are terminals. */
  readonly terminal?: boolean;
  /** How wide they are then; default 100. */
  readonly columns?: number | undefined;
  readonly signal?: AbortSignal;
  /** The boards that a search finds; default: none. */
  readonly devices?: readonly Device[];
  /** Where boards are watched for; default: everywhere. */
  readonly sources?: CliIo['sources'];
  /** The serial ports of this host; default: none. */
  readonly serialPorts?: readonly SerialPortFacts[];
  /** What is plugged into USB; default: into this host. */
  readonly usb?: readonly UsbDeviceFacts[];
}

class Collector extends Writable {
  readonly chunks: Buffer[] = [];
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows = 30;

  constructor(isTTY: boolean, columns = 100) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk);
    this.emit('written');
    done();
  }

  /** The streams of a process cannot be ended either, which a prompt tries when it is done. */
  override end(): this {
    return this;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

class Keyboard extends PassThrough {
  readonly isTTY: boolean;
  isRaw = false;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  setRawMode(raw: boolean): this {
    this.isRaw = raw;
    this.emit('raw', raw);
    return this;
  }
}

/** Streams of a command, in memory. */
export class FakeIo implements CliIo {
  readonly stdin: Keyboard;
  readonly stdout: Collector;
  readonly stderr: Collector;
  readonly environment;
  readonly signal: AbortSignal;
  readonly discover: Discover;
  readonly listSerialPorts: NonNullable<CliIo['listSerialPorts']>;
  readonly listUsb: CliIo['listUsb'];
  readonly sources: CliIo['sources'];

  constructor(options: FakeIoOptions) {
    const { configDir, env = {}, terminal = false, signal = new AbortController().signal, devices = [] } = options;
    this.stdin = new Keyboard(terminal);
    this.stdout = new Collector(terminal, options.columns);
    this.stderr = new Collector(terminal, options.columns);
    this.environment = readEnvironment({ HOME: configDir, MDT_CONFIG_DIR: configDir, NO_COLOR: '1', ...env });
    this.signal = signal;
    this.discover = () => Promise.resolve([...devices]);
    this.listSerialPorts = () => Promise.resolve(options.serialPorts ?? []);
    this.sources = options.sources;
    const { usb } = options;
    this.listUsb = usb && (() => Promise.resolve(usb));
  }

  get out(): string {
    return this.stdout.bytes.toString();
  }

  get err(): string {
    return this.stderr.bytes.toString();
  }
}

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command to its end. */
export async function mdt(options: FakeIoOptions, ...argv: string[]): Promise<Outcome> {
  const io = new FakeIo(options);
  io.stdin.end();
  const code = await run(argv, io);
  return { code, out: io.out, err: io.err };
}
