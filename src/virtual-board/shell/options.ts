import { ProgramError } from './program.js';

/** What a program understands: letters, those with a value followed by `:`, and long names for letters. */
export interface OptionShape {
  readonly letters: string;
  readonly long?: Readonly<Record<string, string>>;
  /** For programs that start another: the options end where the first operand is, which may have its own. */
  readonly endsAtOperand?: boolean;
}

export interface Options {
  /** Values by letter, in order; an option without a value counts as an empty one. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

/**
 * Reads options as getopt does: `-abc`, `-nVALUE`, `-n VALUE`, `--name`, `--name=VALUE`, `--` ends them, operands and
 * options in any order. @throws ProgramError (status 2) for an option that is not known
 */
export function parseOptions(args: readonly string[], shape: OptionShape): Options {
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  const pending = [...args].reverse();
  const add = (letter: string, value: string): void => {
    values.set(letter, [...(values.get(letter) ?? []), value]);
  };
  for (let arg = pending.pop(); arg !== undefined; arg = pending.pop()) {
    if (arg === '--') {
      operands.push(...pending.reverse());
      break;
    }
    if (arg.startsWith('--')) readLong(arg, shape, pending, add);
    else if (arg.length > 1 && arg.startsWith('-')) readLetters(arg, shape, pending, add);
    else operands.push(arg);
    if (shape.endsAtOperand === true && operands.length > 0) operands.push(...pending.splice(0).reverse());
  }
  return { values, operands };
}

/** Whether any of these letters was given. */
export function has(options: Options, letters: string): boolean {
  return Array.from(letters).some(letter => options.values.has(letter));
}

/** Last value given for a letter. */
export function valueOf(options: Options, letter: string): string | undefined {
  return options.values.get(letter)?.at(-1);
}

type Add = (letter: string, value: string) => void;

function readLong(arg: string, shape: OptionShape, pending: string[], add: Add): void {
  const equals = arg.indexOf('=');
  const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
  const letter = shape.long !== undefined && Object.hasOwn(shape.long, name) ? shape.long[name] : undefined;
  if (letter === undefined) throw new ProgramError(`unrecognized option '${arg}'`, 2);
  if (!takesValue(shape, letter)) add(letter, '');
  else add(letter, equals < 0 ? required(pending, `--${name}`) : arg.slice(equals + 1));
}

function readLetters(arg: string, shape: OptionShape, pending: string[], add: Add): void {
  for (let at = 1; at < arg.length; at++) {
    const letter = arg[at] ?? '';
    if (letter === ':' || !shape.letters.includes(letter)) throw new ProgramError(`invalid option -- '${letter}'`, 2);
    if (!takesValue(shape, letter)) {
      add(letter, '');
      continue;
    }
    const rest = arg.slice(at + 1);
    add(letter, rest === '' ? required(pending, `-${letter}`) : rest);
    return;
  }
}

function takesValue(shape: OptionShape, letter: string): boolean {
  return shape.letters.includes(`${letter}:`);
}

function required(pending: string[], option: string): string {
  const value = pending.pop();
  if (value === undefined) throw new ProgramError(`option requires an argument -- '${option.replace(/^-+/, '')}'`, 2);
  return value;
}
