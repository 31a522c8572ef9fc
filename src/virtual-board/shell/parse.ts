import { Cursor } from './cursor.js';
import { plainText, WordParser } from './parse-word.js';
import { parseRedirection } from './parse-redirection.js';
import {
  ShellSyntaxError,
  type AndOr,
  type Assignment,
  type Branch,
  type Choice,
  type Command,
  type Pipeline,
  type Redirection,
  type Script,
  type Word,
} from './syntax.js';

const ASSIGNMENT = /[A-Za-z_][A-Za-z0-9_]*=/y;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Words that end a list when they stand where a command would begin. */
const CLOSING = new Set(['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}']);
const NOTHING: readonly Redirection[] = [];

/** Parses a whole script. @throws ShellSyntaxError */
export function parseScript(text: string): Script {
  return parseList(new Cursor(text), '');
}

/** Reads commands up to the end, or up to the `)` that closes them, which stays. */
function parseList(cursor: Cursor, end: ')' | ''): Script {
  const parser = new ScriptParser(cursor);
  const script = parser.list();
  if (!cursor.isAtEnd && cursor.peek() !== end) throw parser.unexpected();
  return script;
}

class ScriptParser {
  readonly #cursor: Cursor;
  readonly #words: WordParser;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
    this.#words = new WordParser(cursor, parseList);
  }

  unexpected(): ShellSyntaxError {
    const cursor = this.#cursor;
    if (cursor.isAtEnd) return new ShellSyntaxError('end of file unexpected', true);
    if (cursor.peek() === '\n') return new ShellSyntaxError('newline unexpected');
    const word = cursor.match(/[;&|<>()]{1,2}|[^\s;&|<>()]+/y);
    return new ShellSyntaxError(`"${word}" unexpected`);
  }

  /** Commands up to the end of the script, a `)`, or a word that closes what the caller has opened. */
  list(): Script {
    const items: AndOr[] = [];
    for (;;) {
      this.#skipNewlines();
      if (this.#isAtListEnd()) return items;
      const item = this.#andOr();
      this.#cursor.skipBlanks();
      const background = this.#cursor.peek() === '&';
      items.push({ ...item, background });
      const separated = background || (this.#cursor.peek() === ';' && this.#cursor.peek(1) !== ';');
      if (separated) this.#cursor.next();
      else if (this.#cursor.peek() !== '\n') return items;
    }
  }

  #isAtListEnd(): boolean {
    if (this.#cursor.isAtEnd || this.#cursor.peek() === ')' || this.#cursor.startsWith(';;')) return true;
    return CLOSING.has(this.#peekWord());
  }

  #andOr(): Omit<AndOr, 'background'> {
    const first = this.#pipeline();
    const rest: { operator: '&&' | '||'; pipeline: Pipeline }[] = [];
    for (;;) {
      this.#cursor.skipBlanks();
      const operator = this.#cursor.skip('&&') ? '&&' : this.#cursor.skip('||') ? '||' : undefined;
      if (operator === undefined) return { first, rest };
      this.#skipNewlines();
      rest.push({ operator, pipeline: this.#pipeline() });
    }
  }

  #pipeline(): Pipeline {
    this.#cursor.skipBlanks();
    const negated = this.#skipWord('!');
    const commands = [this.#command()];
    for (;;) {
      this.#cursor.skipBlanks();
      if (this.#cursor.startsWith('||') || !this.#cursor.skip('|')) return { negated, commands };
      this.#skipNewlines();
      commands.push(this.#command());
    }
  }

  #command(): Command {
    this.#cursor.skipBlanks();
    return this.#cursor.nested(() => {
      const compound = this.#compound();
      if (compound === undefined) return this.#simple();
      return { ...compound, redirections: this.#redirections() };
    });
  }

  #compound(): Command | undefined {
    if (this.#cursor.skip('(')) return this.#subshell();
    switch (this.#peekWord()) {
      case '{':
        this.#skipWord('{');
        return { kind: 'group', body: this.#listUpTo('}'), redirections: NOTHING };
      case 'if':
        return this.#if();
      case 'while':
      case 'until':
        return this.#loop(this.#peekWord() === 'while' ? 'while' : 'until');
      case 'for':
        return this.#for();
      case 'case':
        return this.#case();
      default:
        return undefined;
    }
  }

  #subshell(): Command {
    const body = this.list();
    if (!this.#cursor.skip(')')) throw this.unexpected();
    return { kind: 'subshell', body, redirections: NOTHING };
  }

  #if(): Command {
    this.#skipWord('if');
    const branches: Branch[] = [this.#branch()];
    while (this.#skipWord('elif')) branches.push(this.#branch());
    const otherwise = this.#skipWord('else') ? this.#someList() : undefined;
    this.#expectWord('fi');
    return { kind: 'if', branches, ...(otherwise === undefined ? {} : { otherwise }), redirections: NOTHING };
  }

  #branch(): Branch {
    const condition = this.#listUpTo('then');
    return { condition, body: this.#someList() };
  }

  #loop(kind: 'while' | 'until'): Command {
    this.#skipWord(kind);
    const condition = this.#listUpTo('do');
    return { kind, condition, body: this.#listUpTo('done'), redirections: NOTHING };
  }

  #for(): Command {
    this.#skipWord('for');
    const name = plainText(this.#word()) ?? '';
    if (!NAME.test(name)) throw new ShellSyntaxError('Bad for loop variable');
    this.#skipNewlines();
    const words = this.#skipWord('in') ? this.#wordsToLineEnd() : undefined;
    this.#cursor.skipBlanks();
    this.#cursor.skip(';');
    this.#skipNewlines();
    this.#expectWord('do');
    return {
      kind: 'for',
      name,
      ...(words === undefined ? {} : { words }),
      body: this.#listUpTo('done'),
      redirections: NOTHING,
    };
  }

  #case(): Command {
    this.#skipWord('case');
    const word = this.#word();
    this.#skipNewlines();
    this.#expectWord('in');
    const choices: Choice[] = [];
    this.#skipNewlines();
    while (!this.#skipWord('esac')) {
      choices.push(this.#choice());
      this.#skipNewlines();
    }
    return { kind: 'case', word, choices, redirections: NOTHING };
  }

  #choice(): Choice {
    this.#cursor.skip('(');
    const patterns: Word[] = [];
    do {
      patterns.push(this.#word());
      this.#cursor.skipBlanks();
    } while (this.#cursor.skip('|'));
    if (!this.#cursor.skip(')')) throw this.unexpected();
    const body = this.list();
    this.#cursor.skipBlanks();
    if (!this.#cursor.skip(';;') && this.#peekWord() !== 'esac') throw this.unexpected();
    return { patterns, body };
  }

  #simple(): Command {
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    for (;;) {
      this.#cursor.skipBlanks();
      const found = parseRedirection(this.#cursor, this.#words);
      if (found.length > 0) {
        redirections.push(...found);
        continue;
      }
      const name = words.length === 0 ? this.#cursor.match(ASSIGNMENT) : '';
      if (name !== '') {
        assignments.push({ name: name.slice(0, -1), value: this.#words.word() ?? [] });
        continue;
      }
      const word = this.#words.word();
      if (word === undefined) break;
      words.push(word);
      if (words.length === 1 && this.#isFunctionHead(word)) return this.#function(word);
    }
    if (assignments.length + words.length + redirections.length === 0) throw this.unexpected();
    return { kind: 'simple', assignments, words, redirections };
  }

  #isFunctionHead(word: Word): boolean {
    return NAME.test(plainText(word) ?? '') && this.#cursor.match(/[ \t]*\([ \t]*\)/y) !== '';
  }

  #function(word: Word): Command {
    this.#skipNewlines();
    return { kind: 'function', name: plainText(word) ?? '', body: this.#command(), redirections: NOTHING };
  }

  #redirections(): Redirection[] {
    const all: Redirection[] = [];
    for (;;) {
      this.#cursor.skipBlanks();
      const found = parseRedirection(this.#cursor, this.#words);
      if (found.length === 0) return all;
      all.push(...found);
    }
  }

  #wordsToLineEnd(): Word[] {
    const words: Word[] = [];
    for (;;) {
      this.#cursor.skipBlanks();
      const word = this.#words.word();
      if (word === undefined) return words;
      words.push(word);
    }
  }

  #word(): Word {
    this.#cursor.skipBlanks();
    const word = this.#words.word();
    if (word === undefined) throw this.unexpected();
    return word;
  }

  #listUpTo(closing: string): Script {
    const script = this.#someList();
    this.#expectWord(closing);
    return script;
  }

  #someList(): Script {
    const script = this.list();
    if (script.length === 0) throw this.unexpected();
    return script;
  }

  #expectWord(word: string): void {
    if (!this.#skipWord(word)) throw this.unexpected();
  }

  #skipWord(word: string): boolean {
    this.#cursor.skipBlanks();
    return this.#peekWord() === word && this.#cursor.skip(word);
  }

  /** The next word if it has no quotes or expansions in it, so that it may be a reserved one. */
  #peekWord(): string {
    const start = this.#cursor.position;
    const word = this.#cursor.match(/[^\s;&|<>()]+/y);
    this.#cursor.rewind(start);
    return word;
  }

  #skipNewlines(): void {
    this.#cursor.skipBlanks();
    while (this.#cursor.peek() === '\n') {
      this.#cursor.skipNewline();
      this.#cursor.skipBlanks();
    }
  }
}
