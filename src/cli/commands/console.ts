import { Option, type Command } from 'commander';
import { throwIfAborted } from '../../time/deadline.js';
import type { Cli } from '../cli.js';
import { chooseConsole, serialPorts } from '../console-choice.js';
import { jsonOption } from '../options.js';
import { portTable, serialPortJson } from '../output/consoles.js';
import { printJson } from '../output/json.js';
import { addVerb } from '../verb.js';

interface ConsoleOptions {
  readonly list?: true;
  readonly json?: true;
  readonly log?: string;
}

export function addConsole(program: Command, cli: Cli): void {
  addVerb(program, 'console', {
    group: 'talking',
    summary: 'use the serial console of a board',
    details:
      'Connect the terminal with the serial console of a board: its bootloader, its boot messages, its login. ' +
      'Enter ~ . leaves, Enter ~ ? lists what else there is; all other keys, Ctrl-C too, go to the board. ' +
      "Without a port it is the only board's console on USB. tcp:HOST:PORT is a port of a terminal server that passes " +
      'bytes on as they are.',
    examples: [
      ['mdt console', 'the console of the only board there is'],
      ['mdt console --log boot.log /dev/ttyUSB0', 'keep what the board says in a file, too'],
      ['mdt console tcp:desk.lan:2000', 'a console behind ser2net'],
    ],
  })
    .argument('[port]', 'serial port, or tcp:HOST:PORT')
    .addOption(new Option('-l, --list', 'list the serial ports on USB'))
    .addOption(new Option('--log <file>', 'add all that the board says to this file'))
    .addOption(jsonOption())
    .action(async (port: string | undefined, options: ConsoleOptions) => {
      if (options.list) await listPorts(cli, options.json ?? false);
      else await useConsole(cli, port, options.log);
    });
}

async function listPorts(cli: Cli, json: boolean): Promise<void> {
  const { printer } = cli;
  const ports = await serialPorts(cli);
  if (json) printJson(cli, ports.map(serialPortJson));
  else if (ports.length === 0) printer.note('No serial ports were found on USB.');
  else if (printer.interactive) {
    for (const line of portTable(ports, text => printer.onStdout('bold', text))) printer.line(line);
  } else for (const port of ports) printer.line(`${port.path}\t${port.isConsole ? 'console' : 'other'}`);
}

async function useConsole(cli: Cli, port: string | undefined, logFile: string | undefined): Promise<void> {
  const { io, printer } = cli;
  const place = await chooseConsole(cli, port);
  const { openConsole } = await import('../../console/open-console.js');
  const { useOnTerminal } = await import('../console-terminal.js');
  await using console = await openConsole(place, { signal: io.signal });
  const isTyped = io.stdin.isTTY === true;
  printer.note(`Connected to ${console.name}.${isTyped ? ' Enter ~ . leaves, Enter ~ ? lists the escapes.' : ''}`);
  await useOnTerminal(io, console, logFile);
  throwIfAborted(io.signal);
  printer.note(`${isTyped ? '\n' : ''}Left ${console.name}.`);
}
