import type { Command } from 'commander';
import { safeText } from '../../device/board-text.js';
import { contactFor, progressFor } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceOption, jsonOption, progressOption, verboseOption } from '../options.js';
import { printJson } from '../output/json.js';
import { addVerb } from '../verb.js';

export function addInstall(program: Command, cli: Cli): void {
  addVerb(program, 'install', {
    group: 'files',
    summary: 'install Debian packages on a board',
    details:
      'Install package files of this host on a board. All of them are read first: one for another architecture is ' +
      'refused before anything is sent. What they depend on and is not among them, the board fetches from the internet.',
    examples: [['mdt install demo_1.0_arm64.deb libdemo_1.0_arm64.deb', 'in whatever order they need']],
  })
    .argument('<file...>', 'package files, *.deb')
    .addOption(deviceOption())
    .addOption(verboseOption())
    .addOption(progressOption())
    .addOption(jsonOption())
    .action(async (files: string[], options: { json?: true }, command: Command) => {
      const { installPackages } = await import('../../files/install.js');
      await using contact = await contactFor(cli, command);
      using progress = progressFor(cli, command);
      const operation = { signal: cli.io.signal, onProgress: progress.onProgress };
      const { packages, installer } = await installPackages(contact.session, files, operation);
      // Schema of `--json`: {"packages": [{"name", "version", "architecture", "file"}], "installer"}.
      const installed = packages.map(({ packageName: name, version, architecture, path: file }) => {
        return { name, version, architecture, file };
      });
      if (options.json) printJson(cli, { packages: installed, installer });
      else for (const { name, version } of installed) cli.printer.line(`Installed ${name} ${safeText(version)}`);
    });
}
