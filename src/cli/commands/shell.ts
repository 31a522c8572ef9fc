import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import { throwIfAborted } from '../../time/deadline.js';
import { CONNECTION_FAILED, exitCodeOf } from '../attach.js';
import { contactFor } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceArgument, deviceOption } from '../options.js';
import { nameOf } from '../output/devices.js';
import { addVerb } from '../verb.js';

export function addShell(program: Command, cli: Cli): void {
  addVerb(program, 'shell', {
    group: 'talking',
    summary: 'open a shell on a board',
    details:
      'Open a login shell on a board. Enter ~ . ends a connection that hangs, Enter ~ ? lists what else there is. ' +
      'The exit code is that of the shell; 255 means that the connection failed.',
    examples: [['mdt shell swift-otter', 'log in to the board with this name']],
  })
    .addArgument(deviceArgument())
    .addOption(deviceOption())
    .action(async (board: string | undefined, _options: object, command: Command) => {
      if (cli.io.stdin.isTTY !== true) {
        throw new UsageError('A shell needs a terminal to type into.', {
          hint: 'Use `mdt exec sh < SCRIPT` to run a script.',
        });
      }
      cli.remoteExitCodes = true;
      const { runOnTerminal } = await import('../remote-terminal.js');
      await using contact = await contactFor(cli, command, board);
      const end = await runOnTerminal(cli, async options => await contact.session.shell(options));
      throwIfAborted(cli.io.signal);
      const name = nameOf(contact.device);
      // The cursor is still behind the prompt, unless the shell itself said goodbye.
      if (end.kind === 'left' || end.kind === 'lost') cli.printer.note('');
      cli.printer.note(`Connection to ${name} ${end.kind === 'lost' ? 'was lost' : 'closed'}.`);
      cli.exitCode = end.kind === 'left' ? CONNECTION_FAILED : exitCodeOf(end);
    });
}
