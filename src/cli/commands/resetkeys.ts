import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import { boardRequest } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceArgument, deviceOf, deviceOption } from '../options.js';
import { nameOf } from '../output/devices.js';
import { addVerb } from '../verb.js';

export function addResetkeys(program: Command, cli: Cli): void {
  addVerb(program, 'resetkeys', {
    group: 'pairing',
    summary: 'take all MDT keys off a board',
    details:
      'Take the MDT keys of all hosts off a board, so that any host can pair with it again. ' +
      'The board has to be named: none is chosen for you.',
    examples: [['mdt resetkeys swift-otter', 'before the board goes to somebody else']],
  })
    .addArgument(deviceArgument())
    .addOption(deviceOption())
    .action(async (board: string | undefined, _options: object, command: Command) => {
      if (deviceOf(command, board).device === undefined) {
        throw new UsageError('The board whose keys are to go has to be named.', {
          hint: 'Run `mdt resetkeys BOARD`; `mdt devices` lists them.',
        });
      }
      const { resetBoardKeys } = await import('../../pairing/pair.js');
      const device = await resetBoardKeys(cli.host, boardRequest(cli, command, board));
      cli.printer.line(`Removed all MDT keys from ${nameOf(device)}`);
    });
}
