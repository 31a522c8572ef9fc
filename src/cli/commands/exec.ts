import { Option, type Command } from 'commander';
import type { RemoteExit, SshSession } from '../../ssh/session.js';
import { throwIfAborted } from '../../time/deadline.js';
import { attach, CONNECTION_FAILED, exitCodeOf } from '../attach.js';
import { contactFor } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceOption } from '../options.js';
import { nameOf } from '../output/devices.js';
import { remoteEnvironment } from '../remote-environment.js';
import type { TerminalEnd } from '../remote-terminal.js';
import { isInteractive } from '../terminal.js';
import { addVerb } from '../verb.js';

export function addExec(program: Command, cli: Cli): void {
  addVerb(program, 'exec', {
    group: 'talking',
    summary: 'run a command on a board',
    details:
      'Run a command on a board. Its input, output and exit code are those of mdt; 255 means that the connection failed. ' +
      'The words are joined with spaces and read by the shell of the board, as Python MDT did; after -- each word ' +
      'arrives as it is. A terminal is made on the board when mdt itself has one on both ends, or with --tty.',
    examples: [
      ['mdt exec uname -a', 'see which kernel runs'],
      ['mdt exec "dmesg | tail"', 'let the shell of the board do the work'],
      ['mdt exec -- touch "a name with spaces"', 'have each word arrive as it is'],
      ['mdt exec tar -c photos > photos.tar', 'output is passed on byte for byte'],
    ],
  })
    .argument('<words...>', 'the command and its arguments')
    .addOption(deviceOption())
    .addOption(new Option('-t, --tty', 'run it under a terminal'))
    .addOption(new Option('-T, --no-tty', 'run it without a terminal'))
    .passThroughOptions()
    .action(async (words: string[], options: { tty?: boolean }, command: Command) => {
      cli.remoteExitCodes = true;
      const line = await commandLine(program, words);
      await using contact = await contactFor(cli, command);
      const onTerminal = options.tty ?? isInteractive(cli.io);
      const end = await (onTerminal ? execOnTerminal : execPiped)(cli, contact.session, line);
      throwIfAborted(cli.io.signal);
      if (end.kind === 'lost') cli.printer.note(`Connection to ${nameOf(contact.device)} was lost.`);
      cli.exitCode = end.kind === 'left' ? CONNECTION_FAILED : exitCodeOf(end);
    });
}

/** The words joined as Python MDT did, or quoted one by one if `--` stands before them. */
async function commandLine(
  program: Command & { rawArgs?: readonly string[] },
  words: readonly string[],
): Promise<string> {
  const before = program.rawArgs?.at(-words.length - 1);
  if (before !== '--') return words.join(' ');
  const { quoteWords } = await import('../../ssh/quote.js');
  return quoteWords(words);
}

async function execPiped(cli: Cli, session: SshSession, line: string): Promise<RemoteExit> {
  const env = await remoteEnvironment(cli.host);
  return await attach(cli.io, await session.exec(line, { env, signal: cli.io.signal }));
}

async function execOnTerminal(cli: Cli, session: SshSession, line: string): Promise<TerminalEnd> {
  const { runOnTerminal } = await import('../remote-terminal.js');
  return await runOnTerminal(cli, async options => await session.exec(line, options));
}
