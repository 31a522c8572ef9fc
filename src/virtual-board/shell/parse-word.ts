import { Cursor } from './cursor.js';
import { ShellSyntaxError, type ParameterOperator, type Script, type Word, type WordPart } from './syntax.js';

/** Reads a script up to the `)` that closes it; given by the parser of commands, which words in turn need. */
export type ParseScript = (cursor: Cursor, end: ')' | '') => Script;

const METACHARACTERS = ' \t\n;&|<>()';
/** Many characters at once where none of them means anything. */
const PLAIN_RUN = /[\w./,:=+@%^~-]+/y;
const QUOTED_RUN = /[^\\$`"()]+/y;
const PARAMETER = /[A-Za-z_][A-Za-z0-9_]*|[0-9]|[?$#!@*-]/y;
const BRACED_PARAMETER = /[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[?$#!@*-]/y;
const OPERATOR = /:-|:=|:\+|:\?|%%|##|[-=+?%#]/y;

/** Reads words; `undefined` where none begins. @throws ShellSyntaxError */
export class WordParser {
  readonly #cursor: Cursor;
  readonly #parseScript: ParseScript;

  constructor(cursor: Cursor, parseScript: ParseScript) {
    this.#cursor = cursor;
    this.#parseScript = parseScript;
  }

  word(): Word | undefined {
    const start = this.#cursor.position;
    const parts = this.#parts(character => METACHARACTERS.includes(character));
    return this.#cursor.position === start ? undefined : parts;
  }

  /** The text of a here-document whose delimiter was not quoted: expansions happen, quotes are plain. */
  hereDocument(text: string): Word {
    const inner = new WordParser(new Cursor(text), this.#parseScript);
    const parts: WordPart[] = [];
    while (!inner.#cursor.isAtEnd) inner.#quotedPart(parts, '');
    return parts;
  }

  #parts(isEnd: (character: string) => boolean): Word {
    const parts: WordPart[] = [];
    while (!this.#cursor.isAtEnd && !isEnd(this.#cursor.peek())) this.#part(parts);
    return parts;
  }

  #part(parts: WordPart[]): void {
    const character = this.#cursor.peek();
    if (character === "'") this.#singleQuoted(parts);
    else if (character === '"') this.#doubleQuoted(parts);
    else if (character === '\\') this.#escaped(parts);
    else if (character === '$' || character === '`') this.#expansion(parts, false);
    else addText(parts, this.#cursor.match(PLAIN_RUN) || this.#cursor.next(), false);
  }

  #singleQuoted(parts: WordPart[]): void {
    this.#cursor.next();
    addText(parts, this.#cursor.match(/[^']*/y), true);
    if (!this.#cursor.skip("'")) throw new ShellSyntaxError('Unterminated quoted string', true);
  }

  #doubleQuoted(parts: WordPart[]): void {
    this.#cursor.next();
    addText(parts, '', true);
    while (!this.#cursor.skip('"')) {
      if (this.#cursor.isAtEnd) throw new ShellSyntaxError('Unterminated quoted string', true);
      this.#quotedPart(parts, '"');
    }
  }

  #quotedPart(parts: WordPart[], quote: string): void {
    const character = this.#cursor.peek();
    if (character === '\\') {
      this.#cursor.next();
      const escaped = this.#cursor.next();
      if (escaped !== '\n') addText(parts, `$\`\\${quote}`.includes(escaped) ? escaped : `\\${escaped}`, true);
    } else if (character === '$' || character === '`') {
      this.#expansion(parts, true);
    } else {
      addText(parts, this.#cursor.match(QUOTED_RUN) || this.#cursor.next(), true);
    }
  }

  #escaped(parts: WordPart[]): void {
    this.#cursor.next();
    if (this.#cursor.isAtEnd) addText(parts, '\\', true);
    else if (!this.#cursor.skip('\n')) addText(parts, this.#cursor.next(), true);
  }

  #expansion(parts: WordPart[], quoted: boolean): void {
    const cursor = this.#cursor;
    if (cursor.peek() === '`') {
      parts.push({ kind: 'command', script: this.#backquoted(), quoted });
    } else if (cursor.skip('$((')) {
      parts.push({ kind: 'arithmetic', expression: this.#arithmetic(), quoted });
    } else if (cursor.skip('$(')) {
      const script = cursor.nested(() => this.#parseScript(cursor, ')'));
      if (!cursor.skip(')')) throw new ShellSyntaxError('end of file unexpected (expecting ")")', true);
      parts.push({ kind: 'command', script, quoted });
    } else if (cursor.skip('${')) {
      parts.push({ kind: 'parameter', ...cursor.nested(() => this.#braced(quoted)), quoted });
    } else {
      cursor.next();
      const name = cursor.match(PARAMETER);
      if (name === '') addText(parts, '$', quoted);
      else parts.push({ kind: 'parameter', name, quoted });
    }
  }

  #braced(quoted: boolean): { name: string; operator?: ParameterOperator; operand?: Word } {
    const cursor = this.#cursor;
    if (cursor.peek() === '#' && cursor.peek(1) !== '}') {
      cursor.next();
      const name = cursor.match(BRACED_PARAMETER);
      if (name === '' || !cursor.skip('}')) throw new ShellSyntaxError('Bad substitution');
      return { name, operator: 'length' };
    }
    const name = cursor.match(BRACED_PARAMETER);
    const operator = cursor.match(OPERATOR);
    if (name === '') throw new ShellSyntaxError('Bad substitution');
    const operand = this.#parts(character => character === '}');
    if (!cursor.skip('}')) throw new ShellSyntaxError('Missing "}"', true);
    if (operator === '') {
      if (operand.length > 0) throw new ShellSyntaxError('Bad substitution');
      return { name };
    }
    // Inside double quotes the operand is quoted too, but a pattern stays one.
    const keepsPattern = operator.startsWith('%') || operator.startsWith('#');
    const value = quoted && !keepsPattern ? operand.map(part => ({ ...part, quoted: true })) : operand;
    return { name, operator: operator as ParameterOperator, operand: value };
  }

  #backquoted(): Script {
    this.#cursor.next();
    const text = this.#cursor.match(/(?:[^`\\]|\\[^])*/y).replace(/\\([`\\$])/g, '$1');
    if (!this.#cursor.skip('`')) throw new ShellSyntaxError('EOF in backquote substitution', true);
    return this.#cursor.nested(() => this.#parseScript(new Cursor(text), ''));
  }

  #arithmetic(): Word {
    const parts: WordPart[] = [];
    for (let open = 0; open > 0 || !this.#cursor.startsWith('))');) {
      if (this.#cursor.isAtEnd) throw new ShellSyntaxError('Missing "))"', true);
      if (this.#cursor.peek() === '(') open += 1;
      if (this.#cursor.peek() === ')') open -= 1;
      this.#quotedPart(parts, '');
    }
    this.#cursor.skip('))');
    return parts;
  }
}

function addText(parts: WordPart[], text: string, quoted: boolean): void {
  const last = parts.at(-1);
  if (last?.kind === 'text' && last.quoted === quoted) parts[parts.length - 1] = { ...last, text: last.text + text };
  else parts.push({ kind: 'text', text, quoted });
}

/** The word as it was written without its quotes, if it has no expansions: names, delimiters, reserved words. */
export function plainText(word: Word): string | undefined {
  return word.every(part => part.kind === 'text') ? word.map(part => part.text).join('') : undefined;
}
