import type { ConsolePort } from '../console/console-port.js';
import type { Device } from '../device/device.js';
import type { DeviceChange } from '../discovery/watch.js';
import type { SerialPortFacts } from '../discovery/serial-ports.js';
import type { BoardResult } from '../flash/flash-all.js';
import type { FlashPreview } from '../flash/preview.js';
import type { CompileRequest, CompileResult } from '../models/compile.js';
import type { ListOptions, WaitOptions } from '../pairing/boards.js';
import type { ContactOptions } from '../pairing/contact.js';
import type { ConsolePairRequest } from '../pairing/console-pair.js';
import type { PairResult } from '../pairing/pair.js';
import type { LongOperation } from '../time/progress.js';
import type { InstalledRules, InstallRulesOptions } from '../udev/install-rules.js';
import type { RulesReport } from '../udev/check-rules.js';
import type { Board } from './board.js';
import type { FlashAllOptions, FlashOptions, FlashResult } from './flash.js';
import type { HostKeys } from './host-keys.js';
import type { Settings } from './settings.js';

/** How `mdt.connect()` and `mdt.pair()` go about it. */
export type BoardOptions = Omit<ContactOptions, 'device'>;

/** What `mdt.waitFor()` accepts. */
export type WaitForOptions = Omit<WaitOptions, 'device'>;

/** What `mdt.compile()` accepts. */
export type CompileOptions = Omit<CompileRequest, 'files' | 'variables'> & LongOperation;

/**
 * Boards, and what this host knows of them. A board is named as on the command line: by its name, an address,
 * `serial:NUMBER` or `usb:PORT`. Without a name it is the preferred one, or else the only one found.
 */
export interface Mdt {
  /** Finds the boards that can be reached now. @throws FileError if the known boards cannot be read */
  devices(options?: ListOptions): Promise<Device[]>;
  /** Reports the boards that are there, then each that comes, changes or goes, until `signal` aborts. */
  watch(options?: ListOptions): AsyncIterable<DeviceChange>;
  /** Waits until the board is there and in the wanted state. @throws TimeoutError after `timeoutMs`, if that is given */
  waitFor(device?: string, options?: WaitForOptions): Promise<Device>;

  /**
   * Connects to a board, checks its pinned host key, and pairs with it on first contact. Whoever calls it closes the board.
   * @throws DeviceNotFoundError, AmbiguousDeviceError, HostKeyChangedError, PairingRefusedError, TransportError, TimeoutError
   */
  connect(device?: string, options?: BoardOptions): Promise<Board>;
  /** Makes the board trust this host and pins its host key. @throws as connect */
  pair(device?: string, options?: BoardOptions): Promise<PairResult>;
  /** Pairs over the serial console, with the password of the board. @throws PairingRefusedError, HostKeyChangedError, DeviceBusyError */
  pairByConsole(port: string, options?: Omit<ConsolePairRequest, 'place'>): Promise<PairResult>;
  /** Forgets a board without a word to it. @throws DeviceNotFoundError if it is not known */
  forget(device: string): Promise<Device>;

  /** The key pair of this host. */
  readonly keys: HostKeys;
  /** The settings of this host: `preferred-device`, `username` and the others of `mdt get`. */
  readonly settings: Settings;

  /**
   * Writes a release of Mendel to a board. Everything is checked before the first byte is written.
   * @throws WrongBoardError, ImageError, UsageError with nothing written; FlashStepError in the middle
   */
  flash(options: FlashOptions): Promise<FlashResult>;
  /** Flashes every board that is in fastboot, side by side. The failure of one does not end the others. */
  flashAll(options: FlashAllOptions): Promise<readonly BoardResult[]>;
  /** Finds out what `flash` would do, and writes nothing. @throws as flash */
  previewFlash(options: FlashOptions): Promise<FlashPreview>;

  /** Lists the serial ports on USB, with those that are the console of a board. */
  serialPorts(): Promise<readonly SerialPortFacts[]>;
  /** Opens a console: a serial port, or `tcp:HOST:PORT`. @throws DeviceBusyError, PermissionError, TransportError */
  openConsole(port: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<ConsolePort>;

  /** Checks whether the udev rules are installed and which boards this user may open (Linux). */
  checkUdev(): Promise<RulesReport>;
  /** Installs the udev rules; needs root. @throws PermissionError, FileError */
  installUdev(options?: Pick<InstallRulesOptions, 'folder'>): Promise<InstalledRules>;

  /** Compiles models for the Edge TPU with the `edgetpu_compiler` of this host. @throws CompilerMissingError, CompileFailedError */
  compile(files: readonly string[], options?: CompileOptions): Promise<CompileResult>;
}
