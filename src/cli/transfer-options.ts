import { Option, type Command } from 'commander';
import type { SymlinkChoice, TransferOptions, TransferSummary } from '../files/transfer.js';
import type { Cli } from './cli.js';
import { deviceOption, jsonOption, progressOption } from './options.js';
import { printJson } from './output/json.js';
import { transferJson, transferLine, type TransferWords } from './output/transfers.js';

interface ParsedOptions {
  readonly symlinks: SymlinkChoice;
  readonly resume?: true;
  readonly checksum?: true;
  readonly dryRun?: true;
  readonly compress: boolean;
  readonly json?: true;
}

/** The options that push and pull have in common. */
export function addTransferOptions(verb: Command): Command {
  return verb
    .addOption(deviceOption())
    .addOption(new Option('--resume', 'continue files that an earlier try left unfinished'))
    .addOption(new Option('--checksum', 'compare files by their content, not by size and time'))
    .addOption(
      new Option('--symlinks <choice>', 'what to do with symlinks in a folder')
        .choices(['preserve', 'follow', 'skip'])
        .default('preserve'),
    )
    .addOption(new Option('--no-compress', 'never compress; else it is done where it pays'))
    .addOption(new Option('--dry-run', 'check and compare everything, then change nothing'))
    .addOption(progressOption())
    .addOption(jsonOption());
}

export function transferOptionsOf(verb: Command): TransferOptions {
  const options = verb.opts<ParsedOptions>();
  return {
    symlinks: options.symlinks,
    resume: options.resume ?? false,
    checksum: options.checksum ?? false,
    compress: options.compress,
    dryRun: options.dryRun ?? false,
  };
}

export function printTransfer(
  cli: Cli,
  verb: Command,
  result: { summary: TransferSummary; words: TransferWords },
): void {
  const { json, dryRun } = verb.opts<ParsedOptions>();
  if (json) printJson(cli, transferJson(result.summary));
  else cli.printer.line(transferLine(result.summary, result.words, dryRun ?? false));
}
