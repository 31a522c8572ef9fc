import { ProgramError } from './program.js';

const SHIFTS = { u: 6, g: 3, o: 0 } as const;

/** Permission bits after `chmod MODE` of a file that has `before`: octal, or clauses such as `u+x,go-w` and `a=rX`. */
export function parseMode(mode: string, before: number, isFolder = false): number {
  if (/^[0-7]{1,4}$/.test(mode)) return parseInt(mode, 8);
  let bits = before;
  for (const clause of mode.split(',')) {
    const match = /^([ugoa]*)([-+=])([rwxXst]*)$/.exec(clause);
    if (match === null) throw new ProgramError(`invalid mode: '${mode}'`);
    const [, who = '', operator = '', letters = ''] = match;
    const three = permissionBits(letters, isFolder || (bits & 0o111) !== 0);
    for (const shift of shiftsOf(who)) bits = applyBits(bits, operator, { all: 7 << shift, wanted: three << shift });
  }
  return bits;
}

function shiftsOf(who: string): number[] {
  const isAll = who === '' || who.includes('a');
  return Object.entries(SHIFTS).flatMap(([letter, shift]) => (isAll || who.includes(letter) ? [shift] : []));
}

function permissionBits(letters: string, mayRun: boolean): number {
  const runs = letters.includes('x') || (letters.includes('X') && mayRun);
  return (letters.includes('r') ? 4 : 0) | (letters.includes('w') ? 2 : 0) | (runs ? 1 : 0);
}

function applyBits(bits: number, operator: string, change: { readonly all: number; readonly wanted: number }): number {
  if (operator === '-') return bits & ~change.wanted;
  return operator === '+' ? bits | change.wanted : (bits & ~change.all) | change.wanted;
}
