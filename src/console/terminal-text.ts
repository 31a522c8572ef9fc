import { StringDecoder } from 'node:string_decoder';

/** Most text that is held: what is older has been seen and not been waited for. */
const MAX_CHARACTERS = 64 * 1024;
/** An escape sequence that is longer is none. */
const MAX_SEQUENCE = 64;
/** Lines that an error message may quote. */
const MAX_HISTORY = 40;
const MAX_HISTORY_LINE = 512;

// eslint-disable-next-line no-control-regex -- control characters are what it is about
const PRINTABLE = /^[^\u0000-\u001f\u007f]+/;

/** ECMA-48: ESC alone, a control sequence, or a string (title, hyperlink) up to its end. */
// eslint-disable-next-line no-control-regex -- control characters are what it is about
const SEQUENCE = /^\u001b(?:\[[0-?]*[ -/]*([@-~])|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|[ -/]*[0-OQ-WYZ`-~\\])/;

/**
 * What a person would read on the terminal after the bytes of a board have been written to it: lines, of which the last
 * one may still be rewritten by `\r`, backspaces and the erasing sequences of a countdown or a line editor. `taken`
 * marks up to where somebody has read it.
 */
export class TerminalText {
  readonly #decoder = new StringDecoder('utf8');
  readonly #history: string[] = [];
  /** What has arrived and could not be written yet: the beginning of an escape sequence, or `\r` and what it does. */
  #pending = '';
  #text = '';
  #lineStart = 0;
  #cursor = 0;
  #taken = 0;

  /** Takes bytes as they come, cut anywhere. */
  push(bytes: Uint8Array): void {
    this.#pending += this.#decoder.write(Buffer.from(bytes));
  }

  /**
   * Writes what has arrived, and pauses with true each time before something on the screen is about to be overwritten:
   * what is looked for may be there now and gone later. False when nothing is left to be written.
   */
  advance(): boolean {
    let hasNew = false;
    while (this.#pending !== '') {
      const plain = PRINTABLE.exec(this.#pending)?.[0];
      if (plain !== undefined) {
        const isOverwriting = this.#cursor < this.#text.length;
        if (isOverwriting && hasNew) return true;
        this.#write(plain);
        this.#pending = this.#pending.slice(plain.length);
        hasNew = !isOverwriting || hasNew;
      } else {
        const control = this.#nextControl();
        if (control === undefined) return false;
        if (hasNew && control.isDestructive) return true;
        this.#pending = this.#pending.slice(control.length);
        control.run();
        hasNew ||= control.text === '\n';
      }
    }
    return false;
  }

  /** Looks for `pattern` behind what is taken; `^` and `$` with the flag m mean the lines of the screen. */
  find(pattern: RegExp): RegExpExecArray | undefined {
    const flags = pattern.global ? pattern.flags : `${pattern.flags}g`;
    const search = new RegExp(pattern.source, flags);
    search.lastIndex = this.#taken;
    return search.exec(this.#text) ?? undefined;
  }

  /** Marks everything up to the end of `match` as read, and returns what stood before it. */
  take(match: RegExpExecArray): string {
    const before = this.#text.slice(this.#taken, match.index);
    this.#taken = match.index + match[0].length;
    return before;
  }

  /** What has not been taken. */
  get rest(): string {
    return this.#text.slice(this.#taken);
  }

  /** Marks everything as read. */
  takeAll(): void {
    this.#taken = this.#text.length;
  }

  /** The last lines, whether they were taken or not. */
  get lastLines(): readonly string[] {
    const current = this.#text.slice(this.#lineStart).trimEnd();
    return current === '' ? this.#history : [...this.#history, current.slice(0, MAX_HISTORY_LINE)];
  }

  #nextControl(): Control | undefined {
    const first = this.#pending.charAt(0);
    if (first === '\u001b') return this.#nextSequence();
    switch (first) {
      case '\n':
        return this.#control('\n', () => {
          this.#newLine();
        });
      case '\r':
        return this.#control('\r', () => {
          this.#cursor = this.#lineStart;
        });
      case '\b':
        return this.#control('\b', () => {
          this.#cursor = Math.max(this.#lineStart, this.#cursor - 1);
        });
      case '\t':
        return this.#control('\t', () => {
          this.#write('\t');
        });
      default:
        return this.#control(first, () => undefined);
    }
  }

  #control(text: string, run: () => void): Control {
    return { text, length: text.length, isDestructive: false, run };
  }

  #nextSequence(): Control | undefined {
    const [sequence, final] = SEQUENCE.exec(this.#pending) ?? [];
    if (sequence === undefined) {
      // Cut in the middle, or no sequence at all.
      return this.#pending.length < MAX_SEQUENCE && !this.#pending.includes('\n')
        ? undefined
        : this.#control('\u001b', () => undefined);
    }
    const amount = /^.\[(\d*)/s.exec(sequence)?.[1] ?? '';
    return { text: sequence, length: sequence.length, ...this.#effect(final ?? '', amount) };
  }

  #effect(final: string, amount: string): Pick<Control, 'isDestructive' | 'run'> {
    const by = Math.min(Math.max(1, Number(amount)), MAX_CHARACTERS);
    switch (final) {
      case 'K':
        return {
          isDestructive: true,
          run: () => {
            this.#eraseLine(amount);
          },
        };
      case 'D':
        return {
          isDestructive: false,
          run: () => {
            this.#cursor = Math.max(this.#lineStart, this.#cursor - by);
          },
        };
      case 'C':
        return {
          isDestructive: false,
          run: () => {
            this.#cursor = Math.min(this.#text.length, this.#cursor + by);
          },
        };
      case 'H':
      case 'J':
        // A screen that is cleared begins anew; without an amount J erases what is below, where nothing is.
        return {
          isDestructive: false,
          run: () => {
            if (final === 'H' || amount === '2') this.#newLine();
          },
        };
      default:
        return { isDestructive: false, run: () => undefined };
    }
  }

  #write(text: string): void {
    this.#text = this.#text.slice(0, this.#cursor) + text + this.#text.slice(this.#cursor + text.length);
    // What is rewritten is new.
    this.#taken = Math.min(this.#taken, this.#cursor);
    this.#cursor += text.length;
    this.#forget();
  }

  #eraseLine(amount: string): void {
    const line = this.#text.slice(this.#lineStart);
    const column = this.#cursor - this.#lineStart;
    const kept = amount === '2' ? '' : amount === '1' ? ' '.repeat(column) + line.slice(column) : line.slice(0, column);
    // The cursor stays where it is, and what is written there has blanks before it; those who do this go to column 0.
    this.#text = this.#text.slice(0, this.#lineStart) + (amount === '2' ? ' '.repeat(column) : kept);
    this.#taken = Math.min(this.#taken, this.#text.length);
  }

  #newLine(): void {
    this.#history.push(this.#text.slice(this.#lineStart).trimEnd().slice(0, MAX_HISTORY_LINE));
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
    this.#text += '\n';
    this.#lineStart = this.#text.length;
    this.#cursor = this.#text.length;
    this.#forget();
  }

  /** Drops the oldest text, in large pieces, so that it costs little. */
  #forget(): void {
    if (this.#text.length <= 2 * MAX_CHARACTERS) return;
    const dropped = this.#text.length - MAX_CHARACTERS;
    this.#text = this.#text.slice(dropped);
    this.#lineStart = Math.max(0, this.#lineStart - dropped);
    this.#cursor = Math.max(0, this.#cursor - dropped);
    this.#taken = Math.max(0, this.#taken - dropped);
  }
}

interface Control {
  readonly text: string;
  readonly length: number;
  /** It takes something from the screen at once. */
  readonly isDestructive: boolean;
  readonly run: () => void;
}
