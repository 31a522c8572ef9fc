import { once } from 'node:events';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { throwIfAborted } from '../../time/deadline.js';
import type { VirtualBoard, VirtualBoardOptions } from '../../virtual-board/virtual-board.js';
import type { Cli } from '../cli.js';
import { jsonOption, parseCount } from '../options.js';
import { addVerb } from '../verb.js';

interface Options {
  readonly name?: string;
  readonly count: number;
  readonly release: 'eagle' | 'day' | 'chef';
  readonly fault: readonly string[];
  readonly root?: string;
  readonly address: string;
  readonly bootloader?: true;
  readonly kind?: 'dev-board' | 'dev-board-mini';
  readonly emmcSize?: number;
  readonly system?: 'installed' | 'none' | 'blank';
  readonly json?: true;
}

export function addVirtualBoard(program: Command, cli: Cli): void {
  const verb = addVerb(program, 'virtual-board', {
    group: 'finding',
    summary: 'run a Mendel board in software',
    details:
      'Run boards in software, which the other commands find and use like real ones, until Ctrl-C. ' +
      'Only this host can reach them unless --address says otherwise. Their files are removed at the end unless ' +
      '--root names a folder for them.',
    examples: [
      ['mdt virtual-board --name swift-otter', 'try mdt without a board'],
      ['mdt virtual-board --count 5 --fault slow=64k', 'five boards on a slow link'],
      ['mdt virtual-board --system none', 'a board in fastboot, to be flashed'],
    ],
  });
  addOptions(verb).action(async (options: Options) => {
    const boards: VirtualBoard[] = [];
    try {
      for (let number = 1; number <= options.count; number++) {
        throwIfAborted(cli.io.signal);
        const board = await start(options, number);
        boards.push(board);
        print(cli, board, options.json ?? false);
      }
      cli.printer.note('Press Ctrl-C to end.');
      if (!cli.io.signal.aborted) await once(cli.io.signal, 'abort');
    } finally {
      await Promise.all(boards.map(board => board.close()));
    }
  });
}

function addOptions(verb: Command): Command {
  return verb
    .addOption(new Option('--name <name>', 'host name; with --count it gets a number'))
    .addOption(new Option('--count <number>', 'how many boards').argParser(parseCount).default(1))
    .addOption(
      new Option('--release <release>', 'release of Mendel').choices(['eagle', 'day', 'chef']).default('eagle'),
    )
    .addOption(
      new Option('--fault <fault>', 'trouble to make, such as slow=64k or refuse=auth; may be repeated')
        .argParser((fault: string, faults: readonly string[]) => [...faults, fault])
        .default([], 'none'),
    )
    .addOption(new Option('--root <folder>', 'folder that the board keeps its files in'))
    .addOption(new Option('--address <address>', 'address to listen on').argParser(parseAddress).default('127.0.0.1'))
    .addOption(new Option('--bootloader', 'give the board an eMMC, U-Boot on a serial console, and fastboot'))
    .addOption(
      new Option(
        '--system <system>',
        'what is on the eMMC; "none" and "blank" end in fastboot; implies --bootloader',
      ).choices(['installed', 'none', 'blank']),
    )
    .addOption(
      new Option('--kind <kind>', 'what the board is beneath its system; implies --bootloader').choices([
        'dev-board',
        'dev-board-mini',
      ]),
    )
    .addOption(
      new Option('--emmc-size <size>', 'size of the eMMC, such as 8G, 16G or 64M; implies --bootloader').argParser(
        parseEmmcSize,
      ),
    )
    .addOption(jsonOption());
}

async function start(options: Options, number: number): Promise<VirtualBoard> {
  const { startVirtualBoard } = await import('../../virtual-board/virtual-board.js');
  const { mergeFaults, parseFault } = await import('../../virtual-board/faults.js');
  const numbered = (text: string): string => (options.count === 1 ? text : `${text}-${String(number)}`);
  return await startVirtualBoard({
    release: options.release,
    address: options.address,
    faults: mergeFaults(options.fault.map(parseFault)),
    ...bootloaderOf(options),
    ...(options.name === undefined ? {} : { name: numbered(options.name) }),
    ...(options.root === undefined
      ? {}
      : { rootDir: options.count === 1 ? options.root : join(options.root, String(number)) }),
  });
}

function bootloaderOf({ bootloader, kind, system, emmcSize }: Options): Pick<VirtualBoardOptions, 'bootloader'> {
  if ([bootloader, kind, system, emmcSize].every(option => option === undefined)) return {};
  return {
    bootloader: {
      ...(kind === undefined ? {} : { kind }),
      ...(system === undefined ? {} : { system }),
      ...(emmcSize === undefined ? {} : { emmcSizeBytes: emmcSize }),
    },
  };
}

/**
 * With `--json` one line when the board is ready: `{"name", "address", "sshPort", "keymasterPort", "root"}`; of a board
 * with a bootloader also `fastbootPort`, `fastbootUdpPort`, `consolePort`, `emmc`.
 */
function print(cli: Cli, board: VirtualBoard, json: boolean): void {
  const { name, address, sshPort, keymasterPort, rootDir, fastbootPort, fastbootUdpPort, consolePort, emmc } = board;
  if (json) {
    // What is undefined is left out.
    const more = { fastbootPort, fastbootUdpPort, consolePort, emmc: emmc?.user };
    cli.printer.line(JSON.stringify({ name, address, sshPort, keymasterPort, root: rootDir, ...more }));
    return;
  }
  cli.printer.line(`${name}\t${address}:${String(sshPort)}\t${rootDir}`);
  if (emmc === undefined) return;
  const host = address.includes(':') ? `[${address}]` : address;
  const at = (protocol: string, port: number | undefined): string => `${protocol}:${host}:${String(port)}`;
  const places = `fastboot at ${at('tcp', fastbootPort)} and ${at('udp', fastbootUdpPort)}`;
  cli.printer.note(`${name}: console at ${at('tcp', consolePort)}; in its bootloader ${places}`);
}

/** The capacities that boards are sold with, as real ones show them. */
const EMMC_SIZES: Readonly<Record<string, number>> = {
  '8G': 7_818_182_656,
  '16G': 15_634_268_160,
  '64G': 62_537_072_640,
};

function parseEmmcSize(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,5})([MG])$/.exec(text) ?? [];
  const known = Object.hasOwn(EMMC_SIZES, text) ? EMMC_SIZES[text] : undefined;
  if (digits === undefined || Number(digits) === 0) throw new InvalidArgumentError('Give a size such as 8G or 64M.');
  return known ?? Number(digits) * (unit === 'G' ? 1024 ** 3 : 1024 ** 2);
}

function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('Give an IP address.');
  return text;
}
