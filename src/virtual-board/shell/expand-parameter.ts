import { patternMatcher } from './pattern.js';
import type { ShellState } from './shell-state.js';
import type { WordPart } from './syntax.js';

/** An expansion that fails ends the command; the message is printed after the shell's name. */
export class ExpansionError extends Error {}

type Parameter = Extract<WordPart, { kind: 'parameter' }>;

/** The word behind the operator, expanded only where it is needed. */
interface Operand {
  text(): Promise<string>;
  pattern(): Promise<string>;
}

/** Value of `$name` or `${name operator operand}`. @throws ExpansionError */
export async function operate(state: ShellState, part: Parameter, operand: Operand): Promise<string> {
  const value = state.parameter(part.name);
  const operator = part.operator ?? '';
  if (operator === 'length') return String(Array.from(value ?? '').length);
  if (/^[%#]/.test(operator)) return strip(value ?? '', await operand.pattern(), operator);
  if (operator === '') return plainValue(state, part.name, value);
  const isUnset = value === undefined || (value === '' && operator.startsWith(':'));
  if (operator.endsWith('+')) return isUnset ? '' : operand.text();
  if (!isUnset) return value;
  const text = await operand.text();
  if (operator.endsWith('?')) throw new ExpansionError(`${part.name}: ${text || 'parameter not set'}`);
  if (operator.endsWith('=')) state.variables.set(part.name, text);
  return text;
}

function plainValue(state: ShellState, name: string, value: string | undefined): string {
  if (value === undefined && state.options.nounset && !'@*'.includes(name)) {
    throw new ExpansionError(`${name}: parameter not set`);
  }
  return value ?? '';
}

/** Takes the shortest or longest match of a pattern off the end (`%`) or the beginning (`#`). */
function strip(value: string, pattern: string, operator: string): string {
  const matches = patternMatcher(pattern);
  const fromStart = operator.startsWith('#');
  const candidates = Array.from({ length: value.length + 1 }, (_, length) => length);
  if (operator.length === 2) candidates.reverse();
  for (const length of candidates) {
    const cut = fromStart ? value.slice(0, length) : value.slice(value.length - length);
    if (matches(cut)) return fromStart ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}
