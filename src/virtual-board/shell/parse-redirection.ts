import type { Cursor } from './cursor.js';
import { plainText, type WordParser } from './parse-word.js';
import { ShellSyntaxError, type Redirection, type Word } from './syntax.js';

const OPERATOR = /(\d*)(<<-|<<|>>|>&|<&|>\||>|<)/y;
const KINDS = {
  '>': 'write',
  '>|': 'write',
  '>>': 'append',
  '<': 'read',
  '>&': 'duplicate',
  '<&': 'duplicate',
} as const;
const ERRORS_TO_OUTPUT: Redirection = {
  descriptor: 2,
  kind: 'duplicate',
  target: [{ kind: 'text', text: '1', quoted: true }],
};

/**
 * Reads one redirection such as `2>&1`, `> file` or `<< EOF` (`&> file` is two of them); empty where none begins.
 * @throws ShellSyntaxError
 */
export function parseRedirection(cursor: Cursor, words: WordParser): readonly Redirection[] {
  const both = cursor.skip('&>');
  const text = both ? '>' : cursor.match(OPERATOR);
  if (text === '') return [];
  const digits = /^\d*/.exec(text)?.[0] ?? '';
  const operator = text.slice(digits.length);
  const descriptor = digits === '' ? (operator.startsWith('<') ? 0 : 1) : Number(digits);
  cursor.skipBlanks();
  const word = words.word();
  if (word === undefined) throw new ShellSyntaxError('newline unexpected');
  if (operator === '<<' || operator === '<<-') {
    return [hereDocument({ cursor, words, descriptor, stripTabs: operator === '<<-' }, word)];
  }
  const redirection = { descriptor, kind: KINDS[operator as keyof typeof KINDS], target: word };
  return both ? [redirection, ERRORS_TO_OUTPUT] : [redirection];
}

interface HereDocumentPlace {
  readonly cursor: Cursor;
  readonly words: WordParser;
  readonly descriptor: number;
  readonly stripTabs: boolean;
}

function hereDocument({ cursor, words, descriptor, stripTabs }: HereDocumentPlace, word: Word): Redirection {
  const delimiter = plainText(word);
  if (delimiter === undefined) throw new ShellSyntaxError('a here-document cannot end at an expansion');
  const isPlain = word.some(part => part.quoted);
  const redirection: { descriptor: number; kind: 'here'; target: Word } = { descriptor, kind: 'here', target: [] };
  cursor.expectHereDocument({
    delimiter,
    stripTabs,
    take: text => {
      redirection.target = isPlain ? [{ kind: 'text', text, quoted: true }] : words.hereDocument(text);
    },
  });
  return redirection;
}
