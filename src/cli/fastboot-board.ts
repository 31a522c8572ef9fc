import { Option, type Command } from 'commander';
import type { FastbootClient } from '../fastboot/client.js';
import type { BoardMessage } from '../fastboot/exchange.js';
import { boardRequest } from './board.js';
import type { Cli } from './cli.js';
import { timeoutOption } from './options.js';
import { messagePrinter } from './output/board-messages.js';
import { addVerb, type VerbText } from './verb.js';

/** Declares a verb of `mdt fastboot`, with the options that all of them have. */
export function addFastbootVerb(topic: Command, name: string, text: Omit<VerbText, 'group'>): Command {
  return addVerb(topic, name, { group: 'flashing', ...text })
    .addOption(boardOption())
    .addOption(timeoutOption('longest silence of the board, in seconds (default: 30, for erasing and writing 600)'));
}

/** The name that Android's fastboot has for it; before the verb it means the same as behind it. */
export function boardOption(): Option {
  return new Option(
    '-s, --device <board>',
    'board to use: a serial number, usb:PORT, tcp:HOST[:PORT] or udp:HOST[:PORT]; without it, the only one on USB',
  );
}

/** Connects to the board that `command` means; the caller disposes the client. */
export async function fastbootFor(
  cli: Cli,
  command: Command,
  onMessage: (message: BoardMessage) => void = messagePrinter(cli.printer),
): Promise<FastbootClient> {
  const { findFastbootBoard } = await import('../bootloader/fastboot-boards.js');
  const { route } = await findFastbootBoard(cli.host, { ...boardRequest(cli, command), list: cli.io.listUsb });
  const { timeout } = command.opts<{ timeout?: number }>();
  const timeouts = timeout === undefined ? {} : { responseMs: timeout, eraseMs: timeout, flashMs: timeout };
  const { connectFastboot } = await import('../fastboot/connect.js');
  return await connectFastboot(route.target, { timeouts, signal: cli.io.signal, onMessage });
}
