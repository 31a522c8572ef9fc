import type { Command } from 'commander';
import { contactFor, progressFor } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceOption, lockWaitOption, progressOption, verboseOption } from '../options.js';
import { addVerb } from '../verb.js';

export function addUninstall(program: Command, cli: Cli): void {
  addVerb(program, 'uninstall', {
    group: 'files',
    summary: 'remove packages from a board',
    examples: [['mdt uninstall demo', 'by the name of the package, not of its file']],
  })
    .argument('<package...>', 'names of packages')
    .addOption(deviceOption())
    .addOption(lockWaitOption())
    .addOption(verboseOption())
    .addOption(progressOption())
    .action(async (names: string[], options: { wait: number }, command: Command) => {
      const { uninstallPackages } = await import('../../files/uninstall.js');
      await using contact = await contactFor(cli, command);
      using progress = progressFor(cli, command);
      const operation = { signal: cli.io.signal, onProgress: progress.onProgress, waitMs: options.wait };
      await uninstallPackages(contact.session, names, operation);
      for (const name of names) cli.printer.line(`Removed ${name}`);
    });
}
