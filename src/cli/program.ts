import { Command, CommanderError, Option, type OutputConfiguration } from 'commander';
import { EXIT_CODES, MdtError } from '../errors.js';
import { throwIfAborted } from '../time/deadline.js';
import { CONNECTION_FAILED } from './attach.js';
import { createCli, type Cli } from './cli.js';
import { addVerbs } from './commands/all.js';
import type { CliIo } from './io.js';
import { DEVICE_FLAGS } from './options.js';
import { reportError } from './report-error.js';
import { usageErrorOf } from './usage-errors.js';
import { argumentTerm, nameOf, usageOf } from './verb.js';
import { VERSION_LINE } from './version-line.js';

/** Parses and runs one command line; resolves with its exit code, never rejects. */
export async function runProgram(argv: readonly string[], io: CliIo): Promise<number> {
  const cli = createCli(io);
  try {
    const words = wordsOf(argv);
    await parse(buildProgram(cli, words[0]), words, cli);
    throwIfAborted(io.signal);
    return cli.exitCode;
  } catch (error) {
    const code = reportError(error, { printer: cli.printer, environment: io.environment, signal: io.signal });
    return cli.remoteExitCodes && !io.signal.aborted && isFailedContact(error) ? CONNECTION_FAILED : code;
  }
}

/** Everything that kept the command from running on the board, but neither a slip of the pen nor a bug. */
function isFailedContact(error: unknown): boolean {
  return error instanceof MdtError && error.family !== 'usage' && error.family !== 'aborted';
}

/** Python MDT took its verbs in any case. */
function wordsOf(argv: readonly string[]): readonly string[] {
  const [verb = '', ...rest] = argv;
  return argv.length === 0 || verb.startsWith('-') ? argv : [verb.toLowerCase(), ...rest];
}

async function parse(program: Command, words: readonly string[], cli: Cli): Promise<void> {
  if (words.length === 0) {
    program.outputHelp({ error: true });
    cli.exitCode = EXIT_CODES.usage;
    return;
  }
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    // A topic without a verb behind it, such as `mdt model`, has printed its help.
    if (error.code === 'commander.help') cli.exitCode = EXIT_CODES.usage;
    else throw usageErrorOf(error, program, words);
  }
}

/** The tree of the commands that a command line beginning with `first` may mean; of all of them without it. */
export function buildProgram(cli: Cli, first?: string): Command {
  const { printer } = cli;
  const program: Command = new Command('mdt')
    .description('Find, pair, use and update Coral boards that run Mendel Linux.')
    .version(VERSION_LINE, '--version', 'print the version')
    .addOption(new Option(DEVICE_FLAGS, 'board to use, for every command that uses one'))
    .addOption(new Option('--no-color', 'print without colours'))
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({
      commandUsage: command =>
        command === program ? 'mdt [options] <command> ...' : `${nameOf(command)} ${usageOf(command)}`.trim(),
      subcommandTerm: command => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' '),
    })
    .configureOutput(helpOutput(cli))
    .hook('preAction', (_program, action) => {
      const coloured = [program, action].every(command => command.opts<{ color: boolean }>().color);
      if (!coloured) printer.withoutColour();
    });
  addVerbs(program, cli, first);
  return program;
}

/** Where commander prints help; its errors are not printed by itself. */
function helpOutput({ printer, io }: Cli): OutputConfiguration {
  return {
    writeOut: text => {
      printer.text(text);
    },
    writeErr: text => {
      printer.note(text.replace(/\n$/, ''));
    },
    outputError: () => undefined,
    getOutHelpWidth: () => io.stdout.columns ?? 80,
    getErrHelpWidth: () => io.stderr.columns ?? 80,
    getOutHasColors: () => printer.hasColour(io.stdout),
    getErrHasColors: () => printer.hasColour(io.stderr),
  };
}
