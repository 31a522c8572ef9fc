import { StringDecoder } from 'node:string_decoder';
import { nextControl } from './terminal-control.js';

/** Most text that is held: what is older has been seen and not been waited for. */
const MAX_CHARACTERS = 64 * 1024;
/** Lines that an error message may quote. */
const MAX_HISTORY = 40;
const MAX_HISTORY_LINE = 512;

/** All but what stands before the space and DEL: the control characters of ASCII. */
const PRINTABLE = /[ -~\u0080-\uffff]+/y;

/**
 * What a person would read on the terminal after the bytes of a board have been written to it: lines, of which the last
 * one may still be rewritten by `\r`, backspaces and the erasing sequences of a countdown or a line editor. What has been
 * taken is not found again, unless it is written anew.
 */
export class TerminalText {
  readonly #decoder = new StringDecoder('utf8');
  readonly #history: string[] = [];
  /** What has arrived and has not been written yet. */
  #pending = '';
  /** Lines that are finished, each with its end. */
  #above = '';
  #line = '';
  /** Of the cursor, in the line. */
  #column = 0;
  /** How much of the lines above and the line has been taken. */
  #taken = 0;

  /** Takes bytes as they come, cut anywhere. */
  push(bytes: Uint8Array): void {
    this.#pending += this.#decoder.write(Buffer.from(bytes));
  }

  /**
   * Writes what has arrived, and pauses with true each time before something on the screen is about to be overwritten:
   * what is looked for may be there now and gone later. False when nothing is left that can be written.
   */
  advance(): boolean {
    let hasNew = false;
    let position = 0;
    const pending = this.#pending;
    const pause = (mayContinue: boolean): boolean => {
      this.#pending = pending.slice(position);
      return mayContinue;
    };
    while (position < pending.length) {
      PRINTABLE.lastIndex = position;
      const text = PRINTABLE.exec(pending)?.[0];
      const isOverwriting = this.#column < this.#line.length;
      if (text !== undefined) {
        if (isOverwriting && hasNew) return pause(true);
        this.#write(text);
        hasNew = true;
        position += text.length;
      } else {
        const control = nextControl(pending, position);
        if (control.kind === 'incomplete') return pause(false);
        if (control.kind === 'erase' && hasNew) return pause(true);
        this.#apply(control);
        hasNew ||= control.kind === 'new-line';
        position += control.length;
      }
    }
    return pause(false);
  }

  /** Looks for `pattern` behind what is taken; `^` and `$` with the flag m mean the lines of the screen. */
  find(pattern: RegExp): RegExpExecArray | undefined {
    const search = new RegExp(pattern.source, pattern.global ? pattern.flags : `${pattern.flags}g`);
    search.lastIndex = this.#taken;
    return search.exec(this.#above + this.#line) ?? undefined;
  }

  /** Takes everything up to the end of `match`, and returns what stood before it. */
  take(match: RegExpExecArray): string {
    const before = (this.#above + this.#line).slice(this.#taken, match.index);
    this.#taken = match.index + match[0].length;
    return before;
  }

  /** What has not been taken. */
  get rest(): string {
    return (this.#above + this.#line).slice(this.#taken);
  }

  takeAll(): void {
    this.#taken = this.#above.length + this.#line.length;
  }

  /** The last lines, whether they were taken or not. */
  get lastLines(): readonly string[] {
    const current = this.#line.trimEnd();
    return current === '' ? this.#history : [...this.#history, current.slice(0, MAX_HISTORY_LINE)];
  }

  #apply(control: Exclude<ReturnType<typeof nextControl>, { kind: 'incomplete' }>): void {
    switch (control.kind) {
      case 'new-line':
        this.#newLine();
        break;
      case 'to-start':
        this.#column = 0;
        break;
      case 'move':
        this.#column = Math.min(Math.max(0, this.#column + control.by), this.#line.length);
        break;
      case 'erase':
        this.#erase(control.what);
        break;
      case 'nothing':
        break;
    }
  }

  #write(text: string): void {
    const isAtEnd = this.#column === this.#line.length;
    this.#line = isAtEnd
      ? this.#line + text
      : this.#line.slice(0, this.#column) + text + this.#line.slice(this.#column + text.length);
    this.#isNewFrom(this.#column);
    this.#column += text.length;
    if (this.#line.length <= MAX_CHARACTERS) return;
    // No line of people: what comes goes on as if it were the next one.
    this.#above += this.#line;
    this.#line = '';
    this.#column = 0;
    this.#forget();
  }

  /** The cursor stays where it is; what was before it in an erased line is blank. */
  #erase(what: 'line' | 'before' | 'after'): void {
    const blanks = ' '.repeat(this.#column);
    if (what === 'after') this.#line = this.#line.slice(0, this.#column);
    else this.#line = blanks + (what === 'before' ? this.#line.slice(this.#column) : '');
    this.#isNewFrom(what === 'after' ? this.#line.length : 0);
  }

  /** What is written anew can be found anew. */
  #isNewFrom(column: number): void {
    this.#taken = Math.min(this.#taken, this.#above.length + column);
  }

  #newLine(): void {
    this.#history.push(this.#line.trimEnd().slice(0, MAX_HISTORY_LINE));
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
    this.#above += `${this.#line}\n`;
    this.#line = '';
    this.#column = 0;
    this.#forget();
  }

  /** Drops the oldest text, in large pieces, so that it costs little. */
  #forget(): void {
    if (this.#above.length <= 2 * MAX_CHARACTERS) return;
    const dropped = this.#above.length - MAX_CHARACTERS;
    this.#above = this.#above.slice(dropped);
    this.#taken = Math.max(0, this.#taken - dropped);
  }
}
