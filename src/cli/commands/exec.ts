import { Option, type Command } from 'commander';
import type { SshSession, RemoteExit } from '../../ssh/session.js';
import { attach, exitCodeOf } from '../attach.js';
import { contactFor } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceOption } from '../options.js';
import { nameOf } from '../output/devices.js';
import { remoteEnvironment } from '../remote-environment.js';
import { isInteractive, onTerminal, terminalSize } from '../terminal.js';
import { addVerb } from '../verb.js';

export function addExec(program: Command, cli: Cli): void {
  addVerb(program, 'exec', {
    group: 'talking',
    summary: 'run a command on a board',
    details:
      'Run a command on a board. Its input, output and exit code are those of mdt; 255 means that the connection failed.\n' +
      'The words are joined with spaces and read by the shell of the board, as Python MDT did; after -- each word\n' +
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
      const tty = options.tty ?? isInteractive(cli.io);
      const exit = await (tty ? execOnTerminal : execPiped)(cli, contact.session, line);
      if (exit.kind === 'lost') cli.printer.note(`Connection to ${nameOf(contact.device)} was lost.`);
      cli.exitCode = exitCodeOf(exit);
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

async function execOnTerminal(cli: Cli, session: SshSession, line: string): Promise<RemoteExit> {
  const env = await remoteEnvironment(cli.host);
  const pty = { ...terminalSize(cli.io), term: cli.host.environment.term };
  const remote = await session.exec(line, { env, pty, signal: cli.io.signal });
  return await onTerminal(cli.io, remote, async () => await attach(cli.io, remote));
}
