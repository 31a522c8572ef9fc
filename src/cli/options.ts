// The options that several verbs share, one factory each.
import { Argument, InvalidArgumentError, Option, type Command } from 'commander';

export const DEVICE_FLAGS = '-d, --device <board>';

export function deviceOption(): Option {
  return new Option(
    DEVICE_FLAGS,
    'board to use: a name, an address, serial:NUMBER or usb:PORT; also NAME:PORT and USER@BOARD',
  );
}

/** The board as a word of its own, where Python MDT had it so. */
export function deviceArgument(): Argument {
  return new Argument('[board]', 'board to use, as in --device');
}

/** The board that the words of a command name: the positional word, the verb's own option, or the one before the verb. */
export function deviceOf(command: Command, positional?: string): { readonly device?: string } {
  if (positional !== undefined) return { device: positional };
  const { device } = command.opts<{ device?: string }>();
  if (device !== undefined) return { device };
  return command.parent === null ? {} : deviceOf(command.parent);
}

export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON');
}

export function timeoutOption(description: string): Option {
  return new Option('--timeout <seconds>', description).argParser(parseSeconds);
}

/** Longest time that a timer of Node can wait, in seconds. */
const MAX_SECONDS = 2_147_483;

/** Seconds, also `2.5` and `500ms`, as milliseconds. */
export function parseSeconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text.trim());
  const seconds = match === null ? Number.NaN : Number(match[1]) / (match[2] === 'ms' ? 1000 : 1);
  if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
    throw new InvalidArgumentError('Give a number of seconds, such as 10 or 0.5.');
  }
  return Math.ceil(seconds * 1000);
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 100) throw new InvalidArgumentError('Give a number from 1 to 100.');
  return count;
}

export function allowNetworkOption(): Option {
  return new Option('--allow-network', 'push the key over a network that others may listen on, too');
}

export function progressOption(): Option {
  return new Option('--no-progress', 'show no progress');
}

export function verboseOption(): Option {
  return new Option('-v, --verbose', 'print everything that the board says');
}

/** For programs that share a lock with others on the board. */
export function lockWaitOption(): Option {
  return new Option('--wait <seconds>', "longest wait for another program that holds the lock of the board's packages")
    .argParser(parseSeconds)
    .default(60_000, '60');
}
