import type { Command } from 'commander';
import type { Cli } from '../../cli.js';
import { addFastbootVerb, fastbootFor } from '../../fastboot-board.js';
import { jsonOption } from '../../options.js';
import { printJson } from '../../output/json.js';

export function addGetvar(topic: Command, cli: Cli): void {
  addFastbootVerb(topic, 'getvar', {
    summary: 'print a variable of the bootloader',
    details:
      'Print the value of a variable, or with the name all the variables that the board lists. ' +
      'Boards have more than they list, such as serialno or partition-size:NAME.',
    examples: [['mdt fastboot -s tcp:192.168.1.7 getvar product', 'print which board it is']],
  })
    .argument('<name>', 'name of the variable, or all')
    .addOption(jsonOption())
    .action(async (name: string, options: { json?: true }, command: Command) => {
      await using client = await fastbootFor(cli, command);
      const { signal } = cli.io;
      const variables =
        name === 'all' ? await client.getAllVariables(signal) : new Map([[name, await client.getvar(name, signal)]]);
      if (options.json) printJson(cli, Object.fromEntries(variables));
      else if (name === 'all') for (const [key, value] of variables) cli.printer.line(`${key}: ${value}`);
      else cli.printer.line(variables.get(name));
    });
}
