import { ArithmeticError, evaluateArithmetic } from './arithmetic.js';
import { expandPattern } from './expand-path.js';
import { isPattern, quotePattern, unquotePattern } from './pattern.js';
import { ExpansionError, operate } from './expand-parameter.js';
import type { ShellState } from './shell-state.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import type { Script, Word, WordPart } from './syntax.js';

export interface Expander {
  readonly state: ShellState;
  readonly files: BoardFileSystem;
  /** Output of `$(…)` without the line ends at its end. */
  substitute(script: Script): Promise<string>;
}

/** Text of a field while it grows, as a pattern in which everything quoted is itself. */
interface Field {
  pattern: string;
  /** It stays although it is empty, because something of it was quoted. */
  kept: boolean;
}

const MAX_FIELDS = 100_000;

/** Expands the words of a command: parameters, commands, arithmetic, fields, then file names. @throws ExpansionError */
export async function expandWords(expander: Expander, words: readonly Word[]): Promise<string[]> {
  const all: string[] = [];
  for (const word of words) {
    for (const field of await fieldsOf(expander, word)) {
      const isGlob = !expander.state.options.noglob && isPattern(field);
      const names = isGlob ? await expandPattern(expander.files, expander.state.cwd, field) : [];
      if (names.length > 0) all.push(...names);
      else all.push(unquotePattern(field));
      if (all.length > MAX_FIELDS) throw new ExpansionError('Argument list too long');
    }
  }
  return all;
}

/** Expands a word that stays one: an assignment, the target of a redirection. @throws ExpansionError */
export async function expandText(expander: Expander, word: Word): Promise<string> {
  return unquotePattern(await expandToPattern(expander, word));
}

/** The same as a pattern, in which what was quoted is itself: `case`, `${name%pattern}`. */
export async function expandToPattern(expander: Expander, word: Word): Promise<string> {
  let pattern = '';
  for (const [index, part] of word.entries()) {
    const text = await textOf(expander, part, index === 0);
    pattern += part.quoted ? quotePattern(text) : protect(text);
  }
  return pattern;
}

/** A backslash that comes out of an expansion is itself. */
function protect(text: string): string {
  return text.replaceAll('\\', '\\\\');
}

async function fieldsOf(expander: Expander, word: Word): Promise<string[]> {
  const fields: Field[] = [];
  let current: Field | undefined;
  const grow = (pattern: string, kept: boolean): void => {
    if (current === undefined) fields.push((current = { pattern: '', kept: false }));
    current.pattern += pattern;
    current.kept ||= kept;
  };
  for (const [index, part] of word.entries()) {
    if (part.kind === 'parameter' && part.name === '@' && part.quoted && part.operator === undefined) {
      for (const [number, value] of expander.state.positional.entries()) {
        if (number > 0) current = undefined;
        grow(quotePattern(value), true);
      }
      continue;
    }
    const text = await textOf(expander, part, index === 0);
    if (part.quoted) {
      grow(quotePattern(text), true);
    } else if (part.kind === 'text') {
      grow(protect(text), text !== '');
    } else {
      const pieces = splitFields(text, expander.state.parameter('IFS') ?? ' \t\n');
      for (const [number, piece] of pieces.entries()) {
        if (number > 0) current = undefined;
        if (piece !== '') grow(protect(piece), true);
      }
    }
  }
  return fields.filter(field => field.kept).map(field => field.pattern);
}

async function textOf(expander: Expander, part: WordPart, isFirst: boolean): Promise<string> {
  switch (part.kind) {
    case 'text':
      return isFirst && !part.quoted ? expandTilde(part.text, expander.state) : part.text;
    case 'command':
      return expander.substitute(part.script);
    case 'arithmetic':
      return arithmetic(expander, await expandText(expander, part.expression));
    case 'parameter':
      return operate(expander.state, part, {
        text: () => expandText(expander, part.operand ?? []),
        pattern: () => expandToPattern(expander, part.operand ?? []),
      });
  }
}

function expandTilde(text: string, state: ShellState): string {
  return /^~(?:\/|$)/.test(text) ? `${state.parameter('HOME') ?? ''}${text.slice(1)}` : text;
}

function arithmetic(expander: Expander, text: string): string {
  try {
    return String(evaluateArithmetic(text, name => expander.state.parameter(name)));
  } catch (error) {
    if (error instanceof ArithmeticError) throw new ExpansionError(error.message, { cause: error });
    throw error;
  }
}

/** Splits at the characters of IFS; an empty first or last piece says that the text begins or ends with one. */
function splitFields(text: string, separators: string): string[] {
  if (separators === '') return [text];
  const pieces: string[] = [''];
  let wasSeparator = false;
  for (const character of text) {
    const isSeparator = separators.includes(character);
    const merges = wasSeparator && /\s/.test(character);
    if (isSeparator && !merges) pieces.push('');
    if (!isSeparator) pieces.push(`${pieces.pop() ?? ''}${character}`);
    wasSeparator = isSeparator;
  }
  return pieces;
}
