import { DownloadMemory } from './download-memory.js';
import type { Flavour } from './board-kind.js';
import type { Emmc, Region } from './emmc.js';
import { concerns, type FastbootFaults } from './fastboot-faults.js';
import { StorageFault } from './storage-fault.js';
import { getVariable } from './variables.js';
import { writeImage } from './write-image.js';

/** As the Dev Board has it. */
const DEFAULT_MAX_DOWNLOAD_BYTES = 0x1900_0000;
const BOOT_ONCE = Buffer.alloc(32, 'bootonce-bootloader\0'.padEnd(32, '\0'));

export interface FastbootOptions {
  readonly emmc: Emmc;
  /** A file for what is downloaded; it is removed in the end. */
  readonly memoryFile: string;
  /** Default `nxp`, as on the Dev Board. */
  readonly flavour?: Flavour | undefined;
  /** Beside those that every bootloader has. Those whose name begins with `.` are told when asked for, but not listed. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Default 0x19000000, as the Dev Board has. */
  readonly maxDownloadBytes?: number | undefined;
  /** Offers `fetch`, as only fastbootd does. */
  readonly maxFetchBytes?: number | undefined;
  /** What an `oem` command is answered with; default: `oem format` alone is known, and does nothing. */
  readonly oem?: (words: string) => readonly string[];
  readonly faults?: () => FastbootFaults;
}

/** What ends a conversation by restarting the board; `boot` does because no image is one that U-Boot could start. */
export type Restart = 'reboot' | 'reboot-bootloader' | 'continue' | 'boot';

type Answers = AsyncIterable<string | Buffer> | Iterable<string | Buffer>;

/**
 * The fastboot of a board, without the medium: a command goes in, packets come out; data go in while `missingBytes` is
 * not 0. As U-Boot has it, its state belongs to the board and not to the connection.
 */
export class Fastboot implements AsyncDisposable {
  /** What the current download still lacks. */
  missingBytes = 0;
  /** The last commands, in order, for tests. */
  readonly commands: string[] = [];
  /** What the board has been told to do next. */
  restart: Restart | undefined;
  readonly #options: FastbootOptions;
  readonly #memory: DownloadMemory;
  readonly #verbs: Readonly<Partial<Record<string, (argument: string) => Answers>>> = {
    getvar: name => this.#getvar(name),
    download: size => this.#download(size),
    flash: name => this.#flash(name),
    erase: name => this.#erase(name),
    fetch: place => this.#fetch(place),
    upload: () => this.#upload(),
    set_active: () => ['OKAY'],
    'reboot-bootloader': () => this.#rebootBootloader(),
    boot: () => this.#leave('boot'),
    reboot: () => this.#leave('reboot'),
    continue: () => this.#leave('continue'),
  };
  /** For which faults how much was downloaded. */
  #downloaded: { readonly faults: FastbootFaults; bytes: number; isDropped: boolean } | undefined;

  private constructor(options: FastbootOptions, memory: DownloadMemory) {
    this.#options = options;
    this.#memory = memory;
  }

  static async start(options: FastbootOptions): Promise<Fastboot> {
    return new Fastboot(options, await DownloadMemory.create(options.memoryFile));
  }

  get #faults(): FastbootFaults {
    return this.#options.faults?.() ?? NO_FAULTS;
  }

  /** Whether the command is one that is never answered. */
  hangs(command: string): boolean {
    return concerns(this.#faults.hangSteps, command);
  }

  /** The packets that answer a command; the last one is OKAY, FAIL or DATA. */
  async *run(command: string): AsyncGenerator<Buffer> {
    this.commands.push(command);
    if (this.commands.length > MAX_COMMANDS) this.commands.shift();
    try {
      for await (const answer of this.#answers(command)) {
        yield typeof answer === 'string' ? Buffer.from(answer) : answer;
      }
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      yield Buffer.from(`FAIL${error.message}`);
    }
  }

  /**
   * Data of the current download. `refused` if they are more than was announced, which ends it; `dropped` if the link
   * is to break now.
   */
  take(bytes: Uint8Array): 'taken' | 'refused' | 'dropped' {
    if (bytes.length === 0 || bytes.length > this.missingBytes) {
      this.missingBytes = 0;
      return 'refused';
    }
    const { dropDownloadAtByte } = this.#faults;
    if (dropDownloadAtByte !== undefined && this.#isDropDue(bytes.length, dropDownloadAtByte)) {
      this.missingBytes = 0;
      return 'dropped';
    }
    this.#memory.append(bytes);
    this.missingBytes -= bytes.length;
    return 'taken';
  }

  /** Forgets a command or download that was begun, as a board that is switched off. */
  reset(): void {
    this.missingBytes = 0;
    this.restart = undefined;
    this.#memory.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#memory[Symbol.asyncDispose]();
  }

  #isDropDue(bytes: number, atByte: number): boolean {
    const faults = this.#faults;
    if (this.#downloaded?.faults !== faults) this.#downloaded = { faults, bytes: 0, isDropped: false };
    this.#downloaded.bytes += bytes;
    if (this.#downloaded.isDropped || this.#downloaded.bytes < atByte) return false;
    this.#downloaded.isDropped = true;
    return true;
  }

  #answers(command: string): Answers {
    const colon = command.indexOf(':');
    const verb = colon < 0 ? command : command.slice(0, colon);
    const argument = colon < 0 ? '' : command.slice(colon + 1);
    if (concerns(this.#faults.failSteps, command)) return ['FAILrefused on request'];
    if (concerns(this.#faults.garbleSteps, command)) return [Buffer.from('\x1b[2J\0\xffgarbage', 'latin1')];
    if (command.startsWith('oem ')) return (this.#options.oem ?? plainOem)(command.slice(4));
    const answer = Object.hasOwn(this.#verbs, verb) ? this.#verbs[verb] : undefined;
    return answer?.(argument) ?? ['FAILunrecognized command'];
  }

  async *#getvar(name: string): AsyncGenerator<string> {
    const { emmc, flavour = 'nxp', variables = {}, maxFetchBytes } = this.#options;
    yield* await getVariable(name, { emmc, flavour, variables, maxDownloadBytes: this.#limitBytes, maxFetchBytes });
  }

  get #limitBytes(): number {
    return this.#options.maxDownloadBytes ?? DEFAULT_MAX_DOWNLOAD_BYTES;
  }

  *#download(argument: string): Generator<string> {
    const sizeBytes = Number.parseInt(argument, 16);
    if (!(sizeBytes > 0)) {
      yield 'FAILExpected nonzero image size';
    } else if (sizeBytes > this.#limitBytes) {
      yield `FAIL${argument}`;
    } else {
      this.#memory.clear();
      this.missingBytes = sizeBytes;
      yield `DATA${argument}`;
    }
  }

  async *#flash(name: string): AsyncGenerator<string> {
    const { emmc } = this.#options;
    if (this.#memory.sizeBytes === 0) throw new StorageFault('Expected nonzero image size');
    // LK writes a table to the area that it is for, and looks at it there.
    if (name === 'gpt' && this.#options.flavour !== 'lk') emmc.installTable(this.#memory.read(0, GPT_IMAGE_BYTES));
    else await writeImage(this.#memory, emmc, await this.#region(name));
    yield 'OKAY';
  }

  async *#erase(name: string): AsyncGenerator<string> {
    const region = await this.#region(name);
    yield 'INFOerasing';
    await this.#options.emmc.fill(region, 0, { pattern: Buffer.alloc(1), lengthBytes: region.sizeBytes });
    yield 'OKAY';
  }

  #leave(restart: Restart): Answers {
    this.restart = restart;
    return ['OKAY'];
  }

  async *#rebootBootloader(): AsyncGenerator<string> {
    if (!(await requestBootloader(this.#options.emmc))) throw new StorageFault('Cannot set reboot flag');
    this.restart = 'reboot-bootloader';
    yield 'OKAY';
  }

  async *#upload(): AsyncGenerator<string | Buffer> {
    yield `DATA${this.#memory.sizeBytes.toString(16).padStart(8, '0')}`;
    for await (const piece of this.#memory.pieces(0, this.#memory.sizeBytes)) yield Buffer.from(piece);
    yield 'OKAY';
  }

  async *#fetch(argument: string): AsyncGenerator<string | Buffer> {
    const { emmc, maxFetchBytes } = this.#options;
    if (maxFetchBytes === undefined) throw new StorageFault('unrecognized command');
    const [name = '', offset, size] = argument.split(':');
    const bytes = await emmc.read(await this.#region(name), Number(offset), Math.min(Number(size), maxFetchBytes));
    yield `DATA${bytes.length.toString(16)}`;
    yield bytes;
    yield 'OKAY';
  }

  async #region(name: string): Promise<Region> {
    if (name === '') throw new StorageFault('partition not given');
    const region = await this.#options.emmc.find(name);
    if (region === undefined) throw new StorageFault('invalid partition or device');
    return region;
  }
}

const NO_FAULTS: FastbootFaults = {};
const MAX_COMMANDS = 10_000;
/** The table itself; images have its backup behind it. */
const GPT_IMAGE_BYTES = 34 * 512;

function plainOem(words: string): readonly string[] {
  return [words === 'format' ? 'OKAY' : 'FAILunrecognized command'];
}

/** Makes the next start end in fastboot; false without a partition for it. */
export async function requestBootloader(emmc: Emmc): Promise<boolean> {
  const misc = await emmc.find('misc');
  if (misc !== undefined) emmc.write(misc, 0, BOOT_ONCE);
  return misc !== undefined;
}

/** Whether that was requested; asking takes the request back. */
export async function takeBootloaderRequest(emmc: Emmc): Promise<boolean> {
  const misc = await emmc.find('misc');
  if (misc === undefined) return false;
  const isRequested = (await emmc.read(misc, 0, BOOT_ONCE.length)).equals(BOOT_ONCE);
  if (isRequested) emmc.write(misc, 0, Buffer.alloc(BOOT_ONCE.length));
  return isRequested;
}
