import type { Command } from 'commander';
import { boardRequest } from '../board.js';
import type { Cli } from '../cli.js';
import { allowNetworkOption, deviceOption } from '../options.js';
import { addVerb } from '../verb.js';

export function addPushkey(program: Command, cli: Cli): void {
  addVerb(program, 'pushkey', {
    group: 'pairing',
    summary: 'let one more key log in to a board',
    details: 'Add a key to those that may log in to a board: the one in FILE, else the one of this host.',
    examples: [['mdt pushkey ~/.ssh/id_ed25519.pub', 'let plain ssh in, or another host']],
  })
    .argument('[file]', 'file with a public key, or with a private one whose public part is taken')
    .addOption(deviceOption())
    .addOption(allowNetworkOption())
    .action(async (file: string | undefined, _options: object, command: Command) => {
      const { pairBoard, pushKeyFile } = await import('../../pairing/pair.js');
      const request = boardRequest(cli, command);
      if (file === undefined) {
        await pairBoard(cli.host, request);
        cli.printer.line('Push complete.');
      } else {
        const { added } = await pushKeyFile(cli.host, file, request);
        cli.printer.line(added ? `Key ${file} pushed.` : `Key ${file} was there already.`);
      }
    });
}
