import type { Command } from 'commander';
import type { Cli } from '../../cli.js';
import { addFastbootVerb, fastbootFor } from '../../fastboot-board.js';

export function addOem(topic: Command, cli: Cli): void {
  addFastbootVerb(topic, 'oem', {
    summary: "run a command of the bootloader's own",
    details: "Run a command of the bootloader's own, and print what the board says.",
  })
    .argument('<word...>', 'the command')
    .action(async (words: readonly string[], _options: object, command: Command) => {
      await using client = await fastbootFor(cli, command, ({ kind, text }) => {
        if (kind === 'info') cli.printer.line(text);
        else cli.printer.text(text);
      });
      await client.oem(words.join(' '), cli.io.signal);
    });
}
