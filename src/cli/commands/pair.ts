import { Option, type Command } from 'commander';
import type { PairResult } from '../../pairing/pair.js';
import { boardRequest } from '../board.js';
import type { Cli } from '../cli.js';
import { chooseConsole } from '../console-choice.js';
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
      'loopback, since nothing proves who is asking; --allow-network lifts that. --console logs in on the serial ' +
      'console of the board instead, with the password: the way in when another host has paired with it already.',
    examples: [
      ['mdt pair', 'pair with the only board there is'],
      ['mdt pair swift-otter --new-host-key', 'after the board was flashed anew'],
      ['mdt pair --console', 'over the only serial console of a board there is'],
    ],
  })
    .addArgument(deviceArgument())
    .addOption(deviceOption())
    .addOption(allowNetworkOption())
    .addOption(new Option('--new-host-key', 'accept that the board has another host key than before'))
    .addOption(jsonOption())
    .addOption(new Option('--console [port]', 'log in on this serial console instead, or on tcp:HOST:PORT'))
    .action(async (board: string | undefined, options: PairOptions, command: Command) => {
      const { device, method } =
        options.console === undefined
          ? await pairOverNetwork(cli, options, { command, board })
          : await pairOverConsole(cli, options.console, options);
      if (options.json) printJson(cli, { ...deviceJson(device, false), method });
      else
        cli.printer.line(
          `${nameOf(device)} ${method === 'already-paired' ? 'was paired already' : `is paired (by ${method})`}`,
        );
    });
}

interface PairOptions {
  readonly newHostKey?: true;
  readonly json?: true;
  /** True where no port is named. */
  readonly console?: string | true;
}

async function pairOverNetwork(
  cli: Cli,
  options: PairOptions,
  { command, board }: { command: Command; board: string | undefined },
): Promise<PairResult> {
  const { pairBoard } = await import('../../pairing/pair.js');
  return await pairBoard(cli.host, {
    ...boardRequest(cli, command, board),
    acceptNewHostKey: options.newHostKey,
    // That it is paired is the result, which comes below.
    onProgress: event => {
      if (event.kind === 'message' && event.task !== 'pair') cli.printer.note(event.text);
    },
  });
}

async function pairOverConsole(cli: Cli, port: string | true, options: PairOptions): Promise<PairResult> {
  const place = await chooseConsole(cli, port === true ? undefined : port);
  const { pairByConsole } = await import('../../pairing/console-pair.js');
  return await pairByConsole(cli.host, {
    place,
    acceptNewHostKey: options.newHostKey,
    signal: cli.io.signal,
    onProgress: event => {
      if (event.kind === 'message') cli.printer.note(event.text);
    },
  });
}
