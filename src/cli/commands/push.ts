import type { Command } from 'commander';
import { contactFor, progressFor } from '../board.js';
import type { Cli } from '../cli.js';
import { PUSH_WORDS } from '../output/transfers.js';
import { addTransferOptions, destinationOf, transferOptionsOf, transferred } from '../transfer-options.js';
import { addVerb } from '../verb.js';

const TO = 'folder on the board to copy into; made if it is missing';

export function addPush(program: Command, cli: Cli): void {
  const verb = addVerb(program, 'push', {
    group: 'files',
    summary: 'copy files and folders to a board',
    details:
      'Copy files and folders to a board. The last of several words is the destination on the board, below /home/mendel ' +
      'unless it begins with a slash. Only if it is a relative path that exists here and does not end in a slash, it is ' +
      'copied too; --to avoids that. Files that are already on the board are left alone, and an interrupted copy never leaves half a ' +
      'file under its name.',
    examples: [
      ['mdt push model.tflite', 'to /home/mendel'],
      ['mdt push model.tflite /tmp/', 'to /tmp on the board'],
      ['mdt push --exclude "*.pyc" app models/ demo/', 'two folders into /home/mendel/demo, without *.pyc'],
      ['mdt push *.tflite --to models', 'all of them into /home/mendel/models'],
      ['mdt push --resume image.bin /tmp/', 'continue a copy that a lost connection ended'],
    ],
  });
  addTransferOptions(
    verb.argument('<path...>', 'files and folders here, then the destination on the board'),
    TO,
  ).action(async (words: string[], _options: object, command: Command) => {
    const [{ parsePushArguments }, { push }] = await Promise.all([
      import('../../files/arguments.js'),
      import('../../files/push.js'),
    ]);
    const { sources, destination, notice } = await parsePushArguments(words, destinationOf(command));
    if (notice !== undefined) cli.printer.warn(notice);
    await using contact = await contactFor(cli, command);
    using progress = progressFor(cli, command);
    const request = { sources, destination, options: transferOptionsOf(command) };
    const operation = { signal: cli.io.signal, onProgress: progress.onProgress };
    await transferred(cli, command, { running: push(contact.session, request, operation), words: PUSH_WORDS });
  });
}
