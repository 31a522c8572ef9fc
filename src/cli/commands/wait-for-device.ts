import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { defaultBoard } from '../default-board.js';
import { deviceArgument, deviceOf, deviceOption, jsonOption, timeoutOption } from '../options.js';
import { deviceJson, mdtLine } from '../output/devices.js';
import { printJson } from '../output/json.js';
import { addVerb } from '../verb.js';

export function addWaitForDevice(program: Command, cli: Cli): void {
  addVerb(program, 'wait-for-device', {
    group: 'finding',
    summary: 'wait until a board can be reached',
    details: 'Wait until the board, or any board, can be reached, and print it.',
    examples: [['mdt wait-for-device swift-otter --timeout 120', 'give it two minutes to boot']],
  })
    .addArgument(deviceArgument())
    .addOption(deviceOption())
    .addOption(timeoutOption('give up after so many seconds; without it, never'))
    .addOption(jsonOption())
    .action(async (board: string | undefined, options: { json?: true; timeout?: number }, command: Command) => {
      const { waitForBoard } = await import('../../pairing/boards.js');
      cli.printer.note('Waiting for a board…');
      const device = await waitForBoard(cli.host, {
        ...deviceOf(command, board),
        timeoutMs: options.timeout,
        signal: cli.io.signal,
      });
      const isDefault = (await defaultBoard(cli.host))(device);
      if (options.json) printJson(cli, deviceJson(device, isDefault));
      else cli.printer.line(mdtLine(device, isDefault));
    });
}
