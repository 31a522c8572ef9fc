import { InvalidArgumentError, Option, type Command } from 'commander';
import { UsageError } from '../errors.js';
import type { Cli } from './cli.js';
import { deviceOption, jsonOption, progressOption } from './options.js';

export interface FlashOptions {
  readonly all?: true;
  readonly wipeHome?: true;
  readonly keepHome?: true;
  readonly partition?: ReadonlyMap<string, string>;
  readonly product?: string;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly reboot: boolean;
  readonly console?: string;
  readonly resume?: true;
  readonly verify?: true;
  readonly json?: true;
}

/** The words of one command. */
export interface FlashWords {
  readonly image: string | undefined;
  readonly options: FlashOptions;
}

export function addFlashOptions(verb: Command): Command {
  return verb
    .argument('[image]', 'release zip, folder, or image (default: the release in this folder)')
    .addOption(deviceOption())
    .addOption(new Option('--all', 'flash every board that is in fastboot').conflicts(['device', 'console', 'verify']))
    .addOption(new Option('--wipe-home', 'empty the home partition, too').conflicts('keepHome'))
    .addOption(new Option('--keep-home', 'keep the home partition (this is so without the option, too)'))
    .addOption(
      new Option('--partition <name=file>', 'image for a partition; may be repeated').argParser(collectPartition),
    )
    .addOption(new Option('--product <name>', 'flash a board that reports this unknown product name'))
    .addOption(new Option('--dry-run', 'print the steps that would run'))
    .addOption(new Option('-y, --yes', 'do not ask'))
    .addOption(new Option('--no-reboot', 'leave the board in fastboot at the end'))
    .addOption(new Option('--console <port>', 'serial console of the board: a port, or tcp:HOST:PORT'))
    .addOption(new Option('--resume', 'go on with a flash that was interrupted'))
    .addOption(new Option('--verify', 'wait until Mendel runs, and print its version'))
    .addOption(jsonOption())
    .addOption(progressOption());
}

/** @throws UsageError where nobody can be asked and nobody has consented */
export function requireConsent({ printer }: Cli, { yes, dryRun, verify, reboot }: FlashOptions): void {
  if (verify && !reboot) throw new UsageError('--verify needs a board that starts, which --no-reboot forbids.');
  if (yes || dryRun || printer.canAsk) return;
  throw new UsageError('Flashing overwrites what is on the board, and there is no terminal to ask at.', {
    hint: 'Add --yes, or look first with --dry-run.',
  });
}

function collectPartition(text: string, before: ReadonlyMap<string, string> = new Map()): Map<string, string> {
  const [, name, file] = /^([^=\s:]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || file === undefined) throw new InvalidArgumentError('Write NAME=FILE.');
  if (before.has(name)) throw new InvalidArgumentError(`There are two images for ${name}.`);
  return new Map([...before, [name, file]]);
}
