/** An escape sequence that is longer is none: no real one is, and what a board sends may have no end. */
const MAX_SEQUENCE = 256;
/** No cursor moves further in a line of people. */
const MAX_MOVE = 10_000;

const BEL = '\u0007';
const ESC = '\u001b';
/** ECMA-48, behind ESC: a control sequence; a string such as a title, up to BEL or ST; or one character more. */
const SEQUENCE_PARTS = [
  String.raw`\[([0-?]*)[ -/]*([@-~])`,
  String.raw`[\]PX^_][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\)`,
  '[ -/]*[0-OQ-WYZ`-~\\\\]',
];
const SEQUENCE = new RegExp(`${ESC}(?:${SEQUENCE_PARTS.join('|')})`, 'y');

/** What a control character or escape sequence does to the line with the cursor, and how long it is. */
export type Control =
  | { readonly kind: 'new-line' | 'to-start' | 'nothing'; readonly length: number }
  | { readonly kind: 'move'; readonly by: number; readonly length: number }
  | { readonly kind: 'erase'; readonly what: 'line' | 'before' | 'after'; readonly length: number }
  /** The rest of it has still to come. */
  | { readonly kind: 'incomplete' };

/** Reads the control character at `position`, or the sequence that begins there. */
export function nextControl(text: string, position: number): Control {
  switch (text.charAt(position)) {
    case '\n':
      return { kind: 'new-line', length: 1 };
    case '\r':
      return { kind: 'to-start', length: 1 };
    case '\b':
      return { kind: 'move', by: -1, length: 1 };
    case ESC:
      return nextSequence(text, position);
    default:
      return { kind: 'nothing', length: 1 };
  }
}

function nextSequence(text: string, position: number): Control {
  SEQUENCE.lastIndex = position;
  const [sequence, parameters = '', final = ''] = SEQUENCE.exec(text) ?? [];
  if (sequence === undefined) {
    // What it began with is dropped, and the rest of it is text.
    return text.length - position < MAX_SEQUENCE ? { kind: 'incomplete' } : { kind: 'nothing', length: 1 };
  }
  const { length } = sequence;
  const by = Math.min(Math.max(1, parseInt(parameters, 10) || 1), MAX_MOVE);
  switch (final) {
    case 'K':
      return { kind: 'erase', what: parameters === '2' ? 'line' : parameters === '1' ? 'before' : 'after', length };
    case 'C':
      return { kind: 'move', by, length };
    case 'D':
      return { kind: 'move', by: -by, length };
    case 'H':
      // A program that places its cursor elsewhere has left this line.
      return { kind: 'new-line', length };
    default:
      return { kind: 'nothing', length };
  }
}
