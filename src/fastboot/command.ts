import { UsageError } from '../errors.js';
import { safeText } from '../device/board-text.js';

/** Bootloaders cut a longer command off, or write past their buffer. */
export const MAX_COMMAND_BYTES = 64;

/**
 * The packet of a command.
 * @throws UsageError if it is empty, longer than 64 bytes, or anything but printable ASCII; nothing was sent then.
 */
export function encodeCommand(command: string): Buffer {
  if (!/^[\x20-\x7e]+$/.test(command)) {
    throw new UsageError(`A fastboot command is plain ASCII: ${JSON.stringify(safeText(command))} is not.`, {
      hint: 'Check the name of the partition or variable.',
      facts: { command },
    });
  }
  if (command.length > MAX_COMMAND_BYTES) {
    throw new UsageError(`The command ${safeText(command)} is longer than ${String(MAX_COMMAND_BYTES)} bytes.`, {
      hint: 'Bootloaders do not take longer ones; use a shorter name.',
      facts: { command },
    });
  }
  return Buffer.from(command, 'latin1');
}

/** `verb:argument`. @throws UsageError if the argument, such as a partition, is empty or has a colon or space in it. */
export function commandFor(verb: string, argument: string): string {
  if (!/^[^\s:]+$/.test(argument)) {
    throw new UsageError(`${JSON.stringify(safeText(argument))} is not a name that ${verb} can take.`, {
      hint: 'Partition and slot names have no spaces and no colons.',
      facts: { verb, argument },
    });
  }
  return `${verb}:${argument}`;
}
