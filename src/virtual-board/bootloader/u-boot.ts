import type { Duplex } from 'node:stream';
import { takeBootloaderRequest } from './fastboot.js';
import { Keys } from './keys.js';
import { isBootable } from './system-image.js';
import { lookingCommands, type UBootMachine } from './u-boot-commands.js';

const CTRL_C = 0x03;
const BACKSPACE = 0x08;
const LF = 0x0a;
const CR = 0x0d;
const DELETE = 0x7f;
const FIRST_PRINTABLE = 0x20;
/** As CONFIG_SYS_CBSIZE of the board: a longer line takes no more characters. */
const MAX_LINE = 1024;
const PROMPT = 'u-boot=> ';

/** How U-Boot ends: the system boots, or the board starts anew. */
export type UBootEnd = 'linux' | 'reset';

export interface UBootOptions extends Omit<UBootMachine, 'print' | 'environment'> {
  readonly channel: Duplex;
  /** What it says of the machine. */
  readonly hardwareLines: readonly string[];
  /** How long its boot can be stopped by a key. */
  readonly autobootMs: number;
  /** Where it goes if nothing can be booted. */
  readonly fallback: 'fastboot' | 'u-boot';
  /** Lets fastboot be reached, and says when; resolves with what it was told by its host. Aborting it ends it. */
  readonly fastboot: (signal: AbortSignal, onOpen: () => void) => Promise<UBootEnd>;
  /** Called once, when it waits for somebody instead of booting. */
  readonly onStay: () => void;
  readonly signal: AbortSignal;
}

/** U-Boot from its first line to the start of the system. @throws AbortedError when the board is switched off */
export async function runUBoot(options: UBootOptions): Promise<UBootEnd> {
  return await new UBoot(options).run();
}

/** The console of U-Boot: echoes what is typed; an empty line means the last command again, Ctrl-C throws a line away. */
class UBoot implements UBootMachine {
  readonly emmc: UBootMachine['emmc'];
  readonly version: string;
  readonly environment = new Map([
    ['baudrate', '115200'],
    ['bootcmd', 'run loadbootscript; run bootscript'],
    ['bootdelay', '3'],
    ['console', 'ttymxc0,115200'],
  ]);
  readonly #options: UBootOptions;
  readonly #keys: Keys;
  #lastCode = 0;

  constructor(options: UBootOptions) {
    this.#options = options;
    this.emmc = options.emmc;
    this.version = options.version;
    this.#keys = new Keys(options.channel);
  }

  readonly print = (text: string): void => {
    if (this.#options.channel.writable) this.#options.channel.write(text.replaceAll('\n', '\r\n'));
  };

  async run(): Promise<UBootEnd> {
    const isRequested = await takeBootloaderRequest(this.emmc);
    this.print(this.#greeting());
    this.print(isRequested ? 'Fastboot: Got bootloader commands!\n' : 'Fastboot: Normal\n');
    if (isRequested) return (await this.#runFastboot()) ?? (await this.#promptUntilEnd());
    if (await this.#isStopped()) return await this.#promptUntilEnd();
    return (await this.#boot()) ?? (await this.#promptUntilEnd());
  }

  #greeting(): string {
    return [
      '',
      'U-Boot SPL 2017.03.3 (mdt virtual board)',
      'Trying to boot from MMC1',
      '',
      '',
      this.version,
      '',
      ...this.#options.hardwareLines,
      '*** Warning - bad CRC, using default environment',
      '',
      'flash target is MMC:0',
      '',
    ].join('\n');
  }

  /** The countdown, which rewrites its number; true if a key came. */
  async #isStopped(): Promise<boolean> {
    const { autobootMs, signal } = this.#options;
    const seconds = Math.ceil(autobootMs / 1000);
    this.print(`Hit any key to stop autoboot: ${String(seconds).padStart(2)} `);
    let key = await this.#keys.nextWithin(0, signal);
    for (let left = seconds; left > 0 && key === undefined; left--) {
      key = await this.#keys.nextWithin(autobootMs / seconds, signal);
      if (key === undefined) this.print(`\b\b\b${String(left - 1).padStart(2)} `);
    }
    if (key !== undefined) this.print('\b\b\b 0 ');
    this.print('\n');
    return key !== undefined;
  }

  /** Undefined if it comes to the prompt. */
  async #boot(): Promise<UBootEnd | undefined> {
    if (await isBootable(this.emmc)) return 'linux';
    this.print('** Unrecognized filesystem type **\n');
    return this.#options.fallback === 'fastboot' ? await this.#runFastboot() : undefined;
  }

  /** Until its host ends it, or Ctrl-C, which leads to the prompt. */
  async #runFastboot(): Promise<UBootEnd | undefined> {
    const { signal, fastboot, onStay } = this.#options;
    const ending = new AbortController();
    const both = AbortSignal.any([signal, ending.signal]);
    const told = fastboot(both, onStay).then(
      end => ({ end }),
      (error: unknown) => ({ error }),
    );
    void told.then(() => {
      ending.abort();
    });
    await this.#waitForInterrupt(both).catch(() => undefined);
    const isInterrupted = !ending.signal.aborted;
    ending.abort();
    const outcome = await told;
    if ('end' in outcome) return outcome.end;
    if (signal.aborted) throw outcome.error;
    this.print(isInterrupted ? '\n' : `${String(outcome.error)}\n`);
    return undefined;
  }

  async #waitForInterrupt(signal: AbortSignal): Promise<void> {
    for (;;) {
      if ((await this.#keys.next(signal)) === CTRL_C) return;
      this.print('In fastboot mode. Press Control-C to exit.\n');
    }
  }

  async #promptUntilEnd(): Promise<UBootEnd> {
    this.#options.onStay();
    let last = '';
    for (;;) {
      this.print(PROMPT);
      const line = await this.#readLine();
      if (line === undefined) continue;
      last = line.trim() === '' ? last : line;
      for (const command of last.split(';')) {
        const end = await this.#execute(command);
        if (end !== undefined) return end;
      }
    }
  }

  /** Undefined if it was thrown away. */
  async #readLine(): Promise<string | undefined> {
    let line = '';
    for (;;) {
      const key = await this.#keys.next(this.#options.signal);
      if (key === CR || key === LF) {
        this.print('\n');
        return line;
      }
      if (key === CTRL_C) {
        this.print('<INTERRUPT>\n');
        return undefined;
      }
      if (key === BACKSPACE || key === DELETE) {
        if (line !== '') this.print('\b \b');
        line = line.slice(0, -1);
      } else if (key >= FIRST_PRINTABLE && line.length < MAX_LINE) {
        line += String.fromCharCode(key);
        this.print(String.fromCharCode(key));
      }
    }
  }

  async #execute(text: string): Promise<UBootEnd | undefined> {
    const [name, ...args] = this.#expand(text)
      .split(/\s+/)
      .filter(word => word !== '');
    if (name === undefined) return undefined;
    if (name === 'reset') {
      this.print('resetting ...\n');
      return 'reset';
    }
    if (name === 'boot' || name === 'bootd') return await this.#boot();
    if (name === 'fastboot') return await this.#runFastboot();
    const command = Object.hasOwn(lookingCommands, name) ? lookingCommands[name] : undefined;
    if (command === undefined) this.print(`Unknown command '${name}' - try 'help'\n`);
    this.#lastCode = (await command?.(this, args)) ?? 1;
    return undefined;
  }

  #expand(text: string): string {
    return text.replace(/\$(?:\{(\w+)\}|(\w+)|(\?))/g, (_all, braced?: string, plain?: string, status?: string) =>
      status === undefined ? (this.environment.get(braced ?? plain ?? '') ?? '') : String(this.#lastCode),
    );
  }
}
