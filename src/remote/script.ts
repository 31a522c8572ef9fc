import { FileError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { quoteWord } from '../ssh/quote.js';
import { encodeName } from './names.js';

/** A script for the shell of a board. Its text is constant: nothing from outside is ever spliced into it. */
export interface RemoteScript {
  readonly script: string;
  /** Positional parameters of the script; they may hold any bytes but NUL (names.ts). */
  readonly args?: readonly (string | number)[];
  /** Programs that the script cannot do without. Where one is missing, the script does not begin. */
  readonly needs?: readonly string[];
}

/** Exit status of a script that did not begin, since the board lacks a program it needs. */
export const MISSING_PROGRAM_EXIT = 77;

/** Linux takes 128 KiB in one argument of a command, and sshd hands the whole command to the login shell as one. */
const MAX_COMMAND_BYTES = 120 * 1024;

/**
 * The script as one command line that bash, dash, zsh, fish and tcsh read alike: `sh` decodes a quoted word that holds
 * nothing to which any of them gives a meaning. The script first prints `marker` on stderr and on stdout, there followed
 * by the names of missing programs. The marker does not appear in the command itself, which some servers print back.
 * @throws FileError if a parameter cannot be written in a command.
 */
export function scriptCommand({ script, args = [], needs = [] }: RemoteScript, marker: string): string {
  const words = args.map(String);
  for (const word of words) refuseNul(word);
  const half = marker.length >> 1;
  const mark = `${marker.slice(0, half)} ${marker.slice(half)}`;
  const lines = [
    'missing=',
    ...needs.map(name => `command -v ${quoteWord(name)} >/dev/null 2>&1 || missing="$missing ${name}"`),
    `printf '%s%s\\n' ${mark} >&2`,
    `printf '%s%s%s\\n' ${mark} "$missing"`,
    `[ -z "$missing" ] || exit ${String(MISSING_PROGRAM_EXIT)}`,
    ['set --', ...words.map(quoteWord)].join(' '),
    script,
  ];
  const command = `exec sh -c 'eval "$(printf %b "$1")"' mdt '${encodeScript(lines.join('\n'))}'`;
  if (command.length <= MAX_COMMAND_BYTES) return command;
  throw new FileError('There are too many names for one command of the board.', {
    facts: { bytes: command.length, reason: 'too-many' },
    hint: 'Name the folder that they are in, or transfer them in several commands.',
  });
}

/** As `printf %b` of every shell decodes it; of quote, backslash and `!` none is left, nor any byte that is not ASCII. */
function encodeScript(text: string): string {
  let encoded = '';
  for (const byte of encodeName(text)) {
    const isPlain = byte >= 0x20 && byte < 0x7f && !SPECIAL.has(byte);
    if (isPlain) encoded += String.fromCharCode(byte);
    else if (byte === NEWLINE) encoded += '\\n';
    else encoded += `\\0${byte.toString(8).padStart(3, '0')}`;
  }
  return encoded;
}

const NEWLINE = 0x0a;
const SPECIAL: ReadonlySet<number> = new Set(Buffer.from(`'\\!`));

function refuseNul(word: string): void {
  if (!word.includes('\0')) return;
  throw new FileError(`${safeText(word)} has a name that cannot be written in a command.`, {
    facts: { path: word },
    hint: 'Rename it, or transfer the folder that it is in.',
  });
}
