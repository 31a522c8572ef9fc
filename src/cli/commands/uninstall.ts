import type { Command } from 'commander';
import { contactFor, progressFor } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceOption, progressOption, verboseOption } from '../options.js';
import { addVerb } from '../verb.js';

export function addUninstall(program: Command, cli: Cli): void {
  addVerb(program, 'uninstall', {
    group: 'files',
    summary: 'remove packages from a board',
    examples: [['mdt uninstall demo', 'by the name of the package, not of its file']],
  })
    .argument('<package...>', 'names of packages')
    .addOption(deviceOption())
    .addOption(verboseOption())
    .addOption(progressOption())
    .action(async (names: string[], _options: object, command: Command) => {
      const { uninstallPackages } = await import('../../files/install.js');
      await using contact = await contactFor(cli, command);
      using progress = progressFor(cli, command);
      await uninstallPackages(contact.session, names, { signal: cli.io.signal, onProgress: progress.onProgress });
      for (const name of names) cli.printer.line(`Removed ${name}`);
    });
}
