import { Option, type Command } from 'commander';
import { safeText } from '../../device/board-text.js';
import type { Downgrade, InstallOptions } from '../../files/install.js';
import { contactFor, progressFor } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceOption, jsonOption, lockWaitOption, progressOption, verboseOption } from '../options.js';
import { printJson } from '../output/json.js';
import { addVerb } from '../verb.js';

interface Options {
  readonly json?: true;
  readonly allowDowngrade?: true;
  readonly wait: number;
}

export function addInstall(program: Command, cli: Cli): void {
  addVerb(program, 'install', {
    group: 'files',
    summary: 'install Debian packages on a board',
    details:
      'Install package files of this host on a board. All of them are read first: one for another architecture is ' +
      'refused before anything is sent. The board downloads any missing dependencies. ' +
      'Exactly the versions of the files are installed; configuration files that were changed on the board stay.',
    examples: [['mdt install demo_1.0_arm64.deb libdemo_1.0_arm64.deb', 'in whatever order they need']],
  })
    .argument('<file...>', 'package files, *.deb')
    .addOption(deviceOption())
    .addOption(new Option('--allow-downgrade', 'install an earlier version than the board has, too'))
    .addOption(lockWaitOption())
    .addOption(verboseOption())
    .addOption(progressOption())
    .addOption(jsonOption())
    .action(async (files: string[], options: Options, command: Command) => {
      const { installPackages } = await import('../../files/install.js');
      await using contact = await contactFor(cli, command);
      using progress = progressFor(cli, command);
      const operation = {
        signal: cli.io.signal,
        onProgress: progress.onProgress,
        waitMs: options.wait,
        allowDowngrade:
          options.allowDowngrade ?? (cli.printer.canAsk && (async list => await askForDowngrade(cli, list))),
      } satisfies InstallOptions;
      const { packages, installer } = await installPackages(contact.session, files, operation);
      // Schema of `--json`: {"packages": [{"name", "version", "architecture", "file"}], "installer"}.
      const installed = packages.map(({ packageName: name, version, architecture, path: file }) => {
        return { name, version, architecture, file };
      });
      if (options.json) printJson(cli, { packages: installed, installer });
      else for (const { name, version } of installed) cli.printer.line(`Installed ${name} ${safeText(version)}`);
    });
}

async function askForDowngrade(cli: Cli, downgrades: readonly Downgrade[]): Promise<boolean> {
  const { confirm } = await import('../prompt.js');
  const list = downgrades.map(
    ({ packageName, installedVersion, version }) =>
      `${packageName} ${safeText(installedVersion)} with the earlier ${version}`,
  );
  return await confirm(cli.io, `Replace ${list.join(', and ')}?`);
}
