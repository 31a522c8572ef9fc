import type { Command } from 'commander';
import { contactFor, progressFor } from '../board.js';
import type { Cli } from '../cli.js';
import { PUSH_WORDS } from '../output/transfers.js';
import { addTransferOptions, printTransfer, transferOptionsOf } from '../transfer-options.js';
import { addVerb } from '../verb.js';

export function addPush(program: Command, cli: Cli): void {
  const verb = addVerb(program, 'push', {
    group: 'files',
    summary: 'copy files and folders to a board',
    details:
      'Copy files and folders to a board. The last word is the place on the board, below /home/mendel unless it begins ' +
      'with a slash; if it exists here, it is one more thing to copy, and all goes to /home/mendel. Files that are ' +
      'there already are left alone, and an interrupted copy never leaves half a file under its name.',
    examples: [
      ['mdt push model.tflite', 'to /home/mendel'],
      ['mdt push app models/ demo/', 'a file and a folder into a folder on the board'],
      ['mdt push --resume image.bin /tmp/', 'go on where a lost connection ended the copy'],
    ],
  });
  addTransferOptions(verb.argument('<path...>', 'files and folders here, then the place on the board')).action(
    async (words: string[], _options: object, command: Command) => {
      const [{ parsePushArguments }, { push }] = await Promise.all([
        import('../../files/arguments.js'),
        import('../../files/push.js'),
      ]);
      const { sources, destination, notice } = await parsePushArguments(words);
      if (notice !== undefined) cli.printer.warn(notice);
      await using contact = await contactFor(cli, command);
      using progress = progressFor(cli, command);
      const request = { sources, destination, options: transferOptionsOf(command) };
      const operation = { signal: cli.io.signal, onProgress: progress.onProgress };
      printTransfer(cli, command, { summary: await push(contact.session, request, operation), words: PUSH_WORDS });
    },
  );
}
