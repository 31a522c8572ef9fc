import { once } from 'node:events';
import { Option, type Command } from 'commander';
import { TransportError } from '../../errors.js';
import type { Forward, ForwardOptions } from '../../ssh/forward.js';
import type { ForwardSpec } from '../../ssh/forward-spec.js';
import type { SshSession } from '../../ssh/session.js';
import { contactFor } from '../board.js';
import type { Cli } from '../cli.js';
import { deviceOption } from '../options.js';
import { nameOf } from '../output/devices.js';
import { addVerb } from '../verb.js';

export function addForward(program: Command, cli: Cli): void {
  addVerb(program, 'forward', {
    group: 'talking',
    summary: 'pass connections on to a board, or from it',
    details:
      'Pass connections on, from a port of this host to a port of the board, until Ctrl-C. Both ends may be HOST:PORT ' +
      'or the path of a Unix socket; without a host it is the local one, which nobody else can reach. ' +
      'With --reverse the board listens: REMOTE:LOCAL.',
    examples: [
      ['mdt forward 8080:80', 'http://localhost:8080 shows what the board serves'],
      ['mdt forward 0:/run/demo.sock', 'any free port here leads to a socket there'],
      ['mdt forward --reverse 3128:proxy.lan:3128', 'lend the board a proxy of this network'],
    ],
  })
    .argument('<listen:target...>', 'where to listen, and where the connections go')
    .addOption(deviceOption())
    .addOption(new Option('-R, --reverse', 'listen on the board, and connect from this host'))
    .action(async (words: string[], options: { reverse?: true }, command: Command) => {
      const { formatEndpoint, parseForward } = await import('../../ssh/forward-spec.js');
      const specs = words.map(parseForward);
      await using contact = await contactFor(cli, command);
      const { session, device } = contact;
      const open: Forward[] = [];
      try {
        for (const spec of specs) {
          const forward = await start(session, spec, { reverse: options.reverse ?? false, cli });
          open.push(forward);
          cli.printer.line(`${formatEndpoint(forward.listen)} -> ${formatEndpoint(spec.target)}`);
        }
        cli.printer.note('Press Ctrl-C to end.');
        await ended(cli, session, nameOf(device));
      } finally {
        await Promise.all(
          open.map(async forward => {
            await forward[Symbol.asyncDispose]();
          }),
        );
      }
    });
}

async function start(session: SshSession, spec: ForwardSpec, how: { reverse: boolean; cli: Cli }): Promise<Forward> {
  const { forwardLocal, forwardReverse } = await import('../../ssh/forward.js');
  const { printer, io } = how.cli;
  const options: ForwardOptions = {
    signal: io.signal,
    onError: error => {
      printer.warn(error.message);
    },
  };
  return await (how.reverse ? forwardReverse : forwardLocal)(session, spec, options);
}

/** Resolves at Ctrl-C. @throws TransportError if the connection ends first */
async function ended(cli: Cli, session: SshSession, name: string): Promise<void> {
  const { signal } = cli.io;
  if (signal.aborted) return;
  const interrupted = once(signal, 'abort').then(() => undefined);
  const lost = await Promise.race([interrupted, session.closed.then(error => ({ error }))]);
  if (lost === undefined) return;
  throw new TransportError(`The connection to ${name} was lost; nothing is forwarded any longer.`, {
    cause: lost.error,
    hint: 'Run the command again when the board is back: `mdt wait-for-device` waits for it.',
  });
}
