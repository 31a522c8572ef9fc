import type { Command } from 'commander';
import { contactFor, progressFor } from '../board.js';
import type { Cli } from '../cli.js';
import { PULL_WORDS } from '../output/transfers.js';
import { addTransferOptions, destinationOf, transferOptionsOf, transferred } from '../transfer-options.js';
import { addVerb } from '../verb.js';

const TO = 'folder here to copy into; made if it is missing';

export function addPull(program: Command, cli: Cli): void {
  const verb = addVerb(program, 'pull', {
    group: 'files',
    summary: 'copy files and folders from a board',
    details:
      'Copy files and folders from a board into a folder here, which is the last word. Paths on the board are below ' +
      '/home/mendel unless they begin with a slash, and may hold * and ?, which the board fills in: quote them. ' +
      'Files that are here already are left alone, and an interrupted copy never leaves half a file under its name. ' +
      'What cannot be read is listed, and all else is copied.',
    examples: [
      ['mdt pull results.csv .', 'from /home/mendel into the folder here'],
      ['mdt pull "/var/log/*.log" logs/', 'whatever matches on the board'],
      ['mdt pull app data.db --to backup', 'both into the folder backup here'],
      ['mdt pull /sys/class/thermal/thermal_zone0/temp .', 'what the kernel reports'],
    ],
  });
  addTransferOptions(verb.argument('<path...>', 'files and folders on the board, then the folder here'), TO).action(
    async (words: string[], _options: object, command: Command) => {
      const [{ parsePullArguments }, { pull }] = await Promise.all([
        import('../../files/arguments.js'),
        import('../../files/pull.js'),
      ]);
      const { sources, destination, notice } = parsePullArguments(words, destinationOf(command));
      if (notice !== undefined) cli.printer.warn(notice);
      await using contact = await contactFor(cli, command);
      using progress = progressFor(cli, command);
      const request = { sources, destination, options: transferOptionsOf(command) };
      const operation = { signal: cli.io.signal, onProgress: progress.onProgress };
      await transferred(cli, command, { running: pull(contact.session, request, operation), words: PULL_WORDS });
    },
  );
}
