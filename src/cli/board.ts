import type { Command } from 'commander';
import type { Device } from '../device/device.js';
import type { Contact, ContactOptions } from '../pairing/contact.js';
import type { Cli } from './cli.js';
import { deviceOf } from './options.js';
import { ProgressView } from './output/progress.js';

/** What the words of `command` say about the board they want, and how the user is asked and told. */
export function boardRequest(cli: Cli, command: Command, positional?: string): ContactOptions {
  const { io, printer } = cli;
  return {
    ...deviceOf(command, positional),
    ...(command.opts<{ allowNetwork?: true }>().allowNetwork ? { allowNetwork: true } : {}),
    signal: io.signal,
    onProgress: event => {
      if (event.kind === 'message') printer.note(event.text);
    },
    ...(printer.canAsk ? { choose: async devices => await choose(cli, devices) } : {}),
  };
}

/** Contacts the board that `command` means; the caller disposes the contact. */
export async function contactFor(cli: Cli, command: Command, positional?: string): Promise<Contact> {
  const { contactBoard } = await import('../pairing/contact.js');
  return await contactBoard(cli.host, boardRequest(cli, command, positional));
}

/** Progress of an operation, drawn unless the command said `--no-progress`; a command with `--verbose` asks for messages. */
export function progressFor(cli: Cli, command: Command): ProgressView {
  const options = command.opts<{ progress?: boolean; verbose?: true }>();
  const canBeVerbose = command.options.some(option => option.long === '--verbose');
  return new ProgressView({
    io: cli.io,
    printer: cli.printer,
    enabled: options.progress !== false,
    messages: canBeVerbose && options.verbose !== true ? 'fleeting' : 'lasting',
  });
}

async function choose(cli: Cli, devices: readonly Device[]): Promise<Device> {
  const { askForBoard } = await import('./prompt.js');
  return await askForBoard(cli.io, devices);
}
