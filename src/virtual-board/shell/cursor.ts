import { ShellSyntaxError } from './syntax.js';

/** A here-document whose text begins after the end of the current line. */
export interface PendingHereDocument {
  readonly delimiter: string;
  readonly stripTabs: boolean;
  take(text: string): void;
}

/** Nesting that no sensible script reaches, so that a hostile one cannot exhaust the stack. */
const MAX_DEPTH = 60;

/** Where the parser is in the script. */
export class Cursor {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #hereDocuments: PendingHereDocument[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The character `offset` further on; empty at the end. */
  peek(offset = 0): string {
    return this.#text[this.#at + offset] ?? '';
  }

  next(): string {
    const character = this.peek();
    this.#at += 1;
    return character;
  }

  startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  /** Steps over `text` if it is next. */
  skip(text: string): boolean {
    if (!this.startsWith(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** Steps over the longest match of a sticky pattern and returns it; empty if there is none. */
  match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  /** Steps over blanks, line continuations and a comment; not over the end of the line. */
  skipBlanks(): void {
    this.match(/(?:[ \t]|\\\n)*/y);
    if (this.peek() === '#') this.match(/[^\n]*/y);
  }

  /** Steps over the end of the line and the here-documents that begin there. */
  skipNewline(): void {
    this.skip('\n');
    const pending = this.#hereDocuments;
    this.#hereDocuments = [];
    for (const document of pending) document.take(this.#hereText(document));
  }

  expectHereDocument(document: PendingHereDocument): void {
    this.#hereDocuments.push(document);
  }

  /** Runs `parse` one level deeper. @throws ShellSyntaxError if the script is nested too deep */
  nested<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new ShellSyntaxError('too deeply nested');
    try {
      return parse();
    } finally {
      this.#depth -= 1;
    }
  }

  /** Place in the script, to tell whether something was read. */
  get position(): number {
    return this.#at;
  }

  /** Goes back to an earlier place. */
  rewind(position: number): void {
    this.#at = position;
  }

  #hereText(document: PendingHereDocument): string {
    const lines: string[] = [];
    while (!this.isAtEnd) {
      const line = this.match(/[^\n]*/y);
      this.skip('\n');
      const content = document.stripTabs ? line.replace(/^\t+/, '') : line;
      if (content === document.delimiter) break;
      lines.push(`${content}\n`);
    }
    return lines.join('');
  }
}
