import { escapeText } from '../escape.js';
import { ProgramError, type BoardProcess } from '../program.js';

const DIRECTIVE = /%(?:%|([-+ 0#]*)(\d+|\*)?(?:\.(\d+))?([bcdioqsuxX]))/g;

/** `printf FORMAT [ARG…]`: the format again until the arguments are used up. */
export async function printf(process: BoardProcess): Promise<number> {
  const [format, ...args] = process.args[0] === '--' ? process.args.slice(1) : process.args;
  if (format === undefined) throw new ProgramError('missing operand', 2);
  const takesArguments = [...format.matchAll(DIRECTIVE)].some(match => match[0] !== '%%');
  const rest = [...args];
  do {
    const { bytes, isCut } = fill(format, rest);
    await process.print(bytes);
    if (isCut) break;
  } while (takesArguments && rest.length > 0);
  return 0;
}

function fill(format: string, args: string[]): { bytes: Buffer; isCut: boolean } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const match of format.matchAll(DIRECTIVE)) {
    pieces.push(escapeText(format.slice(at, match.index)).bytes);
    at = match.index + match[0].length;
    const value = match[0] === '%%' ? { bytes: Buffer.from('%'), isCut: false } : convert(match, args);
    pieces.push(value.bytes);
    if (value.isCut) return { bytes: Buffer.concat(pieces), isCut: true };
  }
  const last = escapeText(format.slice(at));
  return { bytes: Buffer.concat([...pieces, last.bytes]), isCut: last.isCut };
}

function convert(match: RegExpMatchArray, args: string[]): { bytes: Buffer; isCut: boolean } {
  const [, flags = '', width, precision, type = 's'] = match;
  const widthValue = Number(width === '*' ? (args.shift() ?? '0') : (width ?? '0'));
  const argument = args.shift() ?? '';
  if (type === 'b') return escapeText(argument);
  const text = textOf(type, argument, precision === undefined ? undefined : Number(precision));
  const padded = pad(text, { flags, width: widthValue, isNumber: 'dioxXu'.includes(type) });
  return { bytes: Buffer.from(padded), isCut: false };
}

/** Nobody needs a wider column, and a hostile one would fill the memory. */
const MAX_WIDTH = 10_000;

interface Padding {
  readonly flags: string;
  readonly width: number;
  readonly isNumber: boolean;
}

function pad(text: string, { flags, width, isNumber }: Padding): string {
  const signed = isNumber && flags.includes('+') && !text.startsWith('-') ? `+${text}` : text;
  const columns = Math.min(Math.abs(width), MAX_WIDTH);
  if (flags.includes('-') || width < 0) return signed.padEnd(columns);
  return signed.padStart(columns, isNumber && flags.includes('0') ? '0' : ' ');
}

function textOf(type: string, argument: string, precision: number | undefined): string {
  switch (type) {
    case 'c':
      return argument.slice(0, 1);
    case 's':
      return precision === undefined ? argument : argument.slice(0, precision);
    case 'q':
      return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
    case 'o':
      return integer(argument).toString(8);
    case 'x':
      return integer(argument).toString(16);
    case 'X':
      return integer(argument).toString(16).toUpperCase();
    default:
      return String(integer(argument));
  }
}

function integer(text: string): number {
  if (/^["']./.test(text)) return text.codePointAt(1) ?? 0;
  const octal = /^[-+]?0[0-7]+$/.test(text);
  const value = octal ? parseInt(text, 8) : text === '' ? 0 : Number(text);
  if (!Number.isFinite(value)) throw new ProgramError(`${text}: expected numeric value`);
  return Math.trunc(value);
}
