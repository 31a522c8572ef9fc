import { Option, type Command } from 'commander';
import type { Device } from '../../device/device.js';
import type { Cli } from '../cli.js';
import { defaultBoard } from '../default-board.js';
import { jsonOption, timeoutOption } from '../options.js';
import { deviceJson, deviceTable, mdtLine } from '../output/devices.js';
import { hintNoBoards } from '../output/hints.js';
import { printJson } from '../output/json.js';
import { addVerb } from '../verb.js';
import { watchDevices, type WatchOptions } from './devices-watch.js';

interface DevicesOptions extends WatchOptions {
  readonly all?: true;
  readonly watch?: true;
}

export function addDevices(program: Command, cli: Cli): void {
  addVerb(program, 'devices', {
    group: 'finding',
    summary: 'list the boards that can be reached',
    details:
      'List the boards that can be reached, on the network and over USB. A star or "default" marks the preferred one. ' +
      'Into a pipe it prints one line per board, NAME<TAB><TAB>(ADDRESS), as Python MDT did.',
    examples: [
      ['mdt devices --json', 'print all that is known about them'],
      ['mdt devices --watch', 'print them as they come and go'],
    ],
  })
    .addOption(new Option('-a, --all', 'list known boards that do not answer too'))
    .addOption(new Option('-w, --watch', 'go on and print every change, until Ctrl-C or the timeout'))
    .addOption(timeoutOption('longest search, in seconds'))
    .addOption(jsonOption())
    .action(async (options: DevicesOptions) => {
      if (options.watch) await watchDevices(cli, options);
      else await listDevices(cli, options);
    });
}

async function listDevices(cli: Cli, options: DevicesOptions): Promise<void> {
  const { listBoards } = await import('../../pairing/boards.js');
  const [devices, isDefault] = await Promise.all([
    listBoards(cli.host, {
      includeOffline: options.all ?? false,
      timeoutMs: options.timeout,
      signal: cli.io.signal,
      onWarning: text => {
        cli.printer.warn(text);
      },
    }),
    defaultBoard(cli.host),
  ]);
  print(cli, [...devices].sort(byName), { isDefault, json: options.json ?? false });
}

function print(
  cli: Cli,
  devices: readonly Device[],
  how: { isDefault: (device: Device) => boolean; json: boolean },
): void {
  const { printer } = cli;
  const { isDefault, json } = how;
  if (json)
    printJson(
      cli,
      devices.map(device => deviceJson(device, isDefault(device))),
    );
  else if (devices.length === 0) hintNoBoards(printer);
  else if (!printer.interactive) for (const device of devices) printer.line(mdtLine(device, isDefault(device)));
  else for (const line of deviceTable(devices, isDefault, text => printer.onStdout('bold', text))) printer.line(line);
}

function byName(a: Device, b: Device): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
