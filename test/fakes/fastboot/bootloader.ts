import { DiskFault, type Disk } from './disk.js';
import { StagedImage, writeStaged } from './staged-image.js';

export interface BootloaderOptions {
  readonly disk: Disk;
  /** A file for what is downloaded; it is removed in the end. */
  readonly memoryFile: string;
  /** `nxp` is the fork on the Dev Board: it lists variables without a space, and refuses unknown ones without a word. */
  readonly flavour?: 'u-boot' | 'nxp';
  /** Beside those that every bootloader has. Those whose name begins with `.` are told when asked for, but not listed. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Default 0x19000000, as the Dev Board has. */
  readonly maxDownloadBytes?: number;
  /** Offers `fetch`, as only fastbootd does. */
  readonly maxFetchBytes?: number;
}

/** What ends a conversation by restarting the board. */
export type Restart = 'reboot' | 'reboot-bootloader' | 'continue' | 'boot';

/**
 * The fastboot of a board, without the medium: a command goes in, packets come out; data go in while `missingBytes` is
 * not 0. As U-Boot has it, its state belongs to the board and not to the connection.
 */
export class Bootloader implements AsyncDisposable {
  /** What the current download still lacks. */
  missingBytes = 0;
  /** All commands, in order, for tests. */
  readonly commands: string[] = [];
  /** What the board has been told to do next. */
  restart: Restart | undefined;
  readonly #options: BootloaderOptions;
  readonly #memory: StagedImage;

  private constructor(options: BootloaderOptions, memory: StagedImage) {
    this.#options = options;
    this.#memory = memory;
  }

  static async start(options: BootloaderOptions): Promise<Bootloader> {
    return new Bootloader(options, await StagedImage.create(options.memoryFile));
  }

  /** The packets that answer a command; the last one is OKAY, FAIL or DATA. */
  async *run(command: string): AsyncGenerator<Buffer> {
    this.commands.push(command);
    try {
      for await (const answer of this.#answers(command))
        yield typeof answer === 'string' ? Buffer.from(answer) : answer;
    } catch (error) {
      if (!(error instanceof DiskFault)) throw error;
      yield Buffer.from(`FAIL${error.message}`);
    }
  }

  /** Data of the current download. False if they are more than was announced, which ends it. */
  async take(bytes: Uint8Array): Promise<boolean> {
    if (bytes.length === 0 || bytes.length > this.missingBytes) {
      this.missingBytes = 0;
      return false;
    }
    await this.#memory.append(bytes);
    this.missingBytes -= bytes.length;
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#memory[Symbol.asyncDispose]();
  }

  #answers(command: string): AsyncIterable<string | Buffer> | Iterable<string | Buffer> {
    const [verb = '', ...rest] = command.split(':');
    const argument = rest.join(':');
    if (command.startsWith('oem ')) return [`INFO${command.slice(4)}`, 'TEXTall ', 'TEXTwell\n', 'OKAY'];
    switch (verb) {
      case 'getvar':
        return this.#getvar(argument);
      case 'download':
        return this.#download(argument);
      case 'flash':
        return this.#flash(argument);
      case 'erase':
        return this.#erase(argument);
      case 'fetch':
        return this.#fetch(argument);
      case 'upload':
        return this.#upload();
      case 'set_active':
        return ['OKAY'];
      case 'boot':
      case 'reboot':
      case 'reboot-bootloader':
      case 'continue':
        this.restart = verb;
        return ['OKAY'];
      default:
        return ['FAILunrecognized command'];
    }
  }

  *#getvar(name: string): Generator<string> {
    const isNxp = this.#options.flavour === 'nxp';
    const variables = this.#variables();
    if (name === 'all') {
      for (const [key, value] of variables) {
        if (!key.startsWith('.')) yield `INFO${key}${isNxp ? ':' : ': '}${value}`;
      }
      yield 'OKAYDone!';
      return;
    }
    const value = variables.get(name) ?? variables.get(`.${name}`);
    yield value !== undefined ? `OKAY${value}` : isNxp ? 'FAIL' : 'FAILVariable not implemented';
  }

  #variables(): Map<string, string> {
    const { disk, variables = {}, maxDownloadBytes = 0x19000000, maxFetchBytes } = this.#options;
    const hex = (value: number): string => `0x${value.toString(16)}`;
    return new Map([
      ['version', '0.4'],
      ['product', 'virtual'],
      ['max-download-size', hex(maxDownloadBytes)],
      ...(maxFetchBytes === undefined ? [] : [['max-fetch-size', hex(maxFetchBytes)] as const]),
      ...disk.partitions.flatMap(({ name, sizeBytes }) => [
        [`.partition-size:${name}`, hex(sizeBytes)] as const,
        [`.partition-type:${name}`, 'raw'] as const,
        [`.has-slot:${name}`, 'no'] as const,
      ]),
      ...Object.entries(variables),
    ]);
  }

  *#download(argument: string): Generator<string> {
    const sizeBytes = Number.parseInt(argument, 16);
    if (!(sizeBytes > 0)) {
      yield 'FAILExpected nonzero image size';
    } else if (sizeBytes > (this.#options.maxDownloadBytes ?? 0x19000000)) {
      yield `FAIL${argument}`;
    } else {
      this.#memory.clear();
      this.missingBytes = sizeBytes;
      yield `DATA${argument}`;
    }
  }

  async *#flash(name: string): AsyncGenerator<string> {
    if (name === '') throw new DiskFault('partition not given');
    await writeStaged(this.#memory, this.#options.disk, this.#options.disk.partition(name));
    yield 'OKAY';
  }

  async *#erase(name: string): AsyncGenerator<string> {
    const { disk } = this.#options;
    const partition = disk.partition(name);
    yield 'INFOerasing';
    await disk.fill(partition, 0, { pattern: Buffer.alloc(1), lengthBytes: partition.sizeBytes });
    yield 'OKAY';
  }

  async *#upload(): AsyncGenerator<string | Buffer> {
    yield `DATA${this.#memory.sizeBytes.toString(16).padStart(8, '0')}`;
    yield* this.#memory.steps(0, this.#memory.sizeBytes);
    yield 'OKAY';
  }

  async *#fetch(argument: string): AsyncGenerator<string | Buffer> {
    const { disk, maxFetchBytes } = this.#options;
    if (maxFetchBytes === undefined) {
      yield 'FAILunrecognized command';
      return;
    }
    const [name = '', offset, size] = argument.split(':');
    const bytes = await disk.read(disk.partition(name), Number(offset), Number(size));
    yield `DATA${bytes.length.toString(16)}`;
    yield bytes;
    yield 'OKAY';
  }
}
