import { Option, type Command } from 'commander';
import type { SymlinkChoice, TransferOptions, TransferSummary } from '../files/transfer.js';
import { FileError } from '../errors.js';
import type { Cli } from './cli.js';
import { deviceOption, jsonOption, progressOption } from './options.js';
import { printJson } from './output/json.js';
import { transferJson, transferLine, type TransferWords } from './output/transfers.js';

interface ParsedOptions {
  readonly symlinks: SymlinkChoice;
  readonly resume?: true;
  readonly checksum?: true;
  readonly dryRun?: true;
  readonly exclude?: readonly string[];
  readonly compress: boolean;
  readonly json?: true;
  readonly to?: string;
}

/** The options that push and pull have in common. */
export function addTransferOptions(verb: Command, toWords: string): Command {
  return verb
    .addOption(new Option('--to <folder>', toWords))
    .addOption(deviceOption())
    .addOption(new Option('--resume', 'continue files that an earlier try left unfinished'))
    .addOption(new Option('--checksum', 'compare files by their content, not by size and time'))
    .addOption(
      new Option('--symlinks <choice>', 'what to do with symlinks in a folder')
        .choices(['preserve', 'follow', 'skip'])
        .default('preserve'),
    )
    .addOption(
      new Option(
        '--exclude <pattern>',
        'leave out what has such a name, as "*.log"; may be given several times',
      ).argParser((pattern: string, others: readonly string[] | undefined) => [...(others ?? []), pattern]),
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
    exclude: options.exclude ?? [],
    compress: options.compress,
    dryRun: options.dryRun ?? false,
  };
}

/** The folder after --to. */
export function destinationOf(verb: Command): string | undefined {
  return verb.opts<ParsedOptions>().to;
}

/** Waits for a transfer and prints what it did, also of one that could not transfer everything. */
export async function transferred(
  cli: Cli,
  verb: Command,
  { running, words }: { running: Promise<TransferSummary>; words: TransferWords },
): Promise<void> {
  try {
    printTransfer(cli, verb, { summary: await running, words });
  } catch (error) {
    if (hasSummary(error)) printTransfer(cli, verb, { summary: error.summary, words });
    throw error;
  }
}

/** An IncompleteTransferError, whose module is loaded with the transfer alone. */
function hasSummary(error: unknown): error is { readonly summary: TransferSummary } {
  return error instanceof FileError && 'summary' in error;
}

function printTransfer(cli: Cli, verb: Command, result: { summary: TransferSummary; words: TransferWords }): void {
  const { json, dryRun } = verb.opts<ParsedOptions>();
  if (json) printJson(cli, transferJson(result.summary));
  else cli.printer.line(transferLine(result.summary, result.words, dryRun ?? false));
}
