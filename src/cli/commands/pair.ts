import { Option, type Command } from 'commander';
import { boardRequest } from '../board.js';
import type { Cli } from '../cli.js';
import { allowNetworkOption, deviceArgument, deviceOption, jsonOption } from '../options.js';
import { deviceJson, nameOf } from '../output/devices.js';
import { printJson } from '../output/json.js';
import { addVerb } from '../verb.js';

export function addPair(program: Command, cli: Cli): void {
  addVerb(program, 'pair', {
    group: 'pairing',
    summary: 'make a board trust this host',
    details:
      'Make a board trust the key of this host, and remember the host key of the board. ' +
      'The first contact of any command does the same. A key is only pushed over USB, a link-local address or ' +
      'loopback, since nothing proves who is asking; --allow-network lifts that.',
    examples: [
      ['mdt pair', 'pair with the only board there is'],
      ['mdt pair swift-otter --new-host-key', 'after the board was flashed anew'],
    ],
  })
    .addArgument(deviceArgument())
    .addOption(deviceOption())
    .addOption(allowNetworkOption())
    .addOption(new Option('--new-host-key', 'accept that the board has another host key than before'))
    .addOption(jsonOption())
    .action(async (board: string | undefined, options: { newHostKey?: true; json?: true }, command: Command) => {
      const { pairBoard } = await import('../../pairing/pair.js');
      const { device, method } = await pairBoard(cli.host, {
        ...boardRequest(cli, command, board),
        acceptNewHostKey: options.newHostKey,
        // That it is paired is the result, which comes below.
        onProgress: event => {
          if (event.kind === 'message' && event.task !== 'pair') cli.printer.note(event.text);
        },
      });
      if (options.json) printJson(cli, { ...deviceJson(device, false), method });
      else
        cli.printer.line(
          `${nameOf(device)} ${method === 'already-paired' ? 'was paired already' : `is paired (by ${method})`}`,
        );
    });
}
