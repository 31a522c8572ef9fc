import { Option, type Command } from 'commander';
import { boardRequest } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceArgument, deviceOf, deviceOption } from '../options.js';
import { nameOf } from '../output/devices.js';
import { addVerb } from '../verb.js';

export function addUnpair(program: Command, cli: Cli): void {
  addVerb(program, 'unpair', {
    group: 'pairing',
    summary: 'end the trust between a board and this host',
    details: 'Take the key of this host off a board and forget the board.',
    examples: [['mdt unpair swift-otter --forget', 'forget a board that is gone, without talking to it']],
  })
    .addArgument(deviceArgument())
    .addOption(deviceOption())
    .addOption(new Option('--forget', 'only forget the board here; its own list of keys stays'))
    .action(async (board: string | undefined, options: { forget?: true }, command: Command) => {
      const { forgetKnownBoard, unpairBoard } = await import('../../pairing/pair.js');
      const device = options.forget
        ? await forgetKnownBoard(cli.host, deviceOf(command, board).device)
        : await unpairBoard(cli.host, boardRequest(cli, command, board));
      cli.printer.line(`${nameOf(device)} is ${options.forget ? 'forgotten' : 'unpaired'}`);
    });
}
