import { styleText } from 'node:util';
import type { CliIo, CliOutput } from '../io.js';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** The two streams of a command: results on stdout, everything else on stderr. */
export class Printer {
  readonly #io: CliIo;
  #colour = true;

  constructor(io: CliIo) {
    this.#io = io;
  }

  /** Whether a person reads the results, who gets tables; a pipe gets stable plain lines. */
  get interactive(): boolean {
    return this.#io.stdout.isTTY === true;
  }

  /** Whether somebody can be asked: both ends of the dialogue are terminals. */
  get canAsk(): boolean {
    return !this.#io.environment.ci && this.#io.stderr.isTTY === true && this.#io.stdin.isTTY === true;
  }

  /** Takes the colours away, for `--no-color`. */
  withoutColour(): void {
    this.#colour = false;
  }

  /** A line of the result. */
  line(text = ''): void {
    write(this.#io.stdout, `${text}\n`);
  }

  /** A result that brings its own line ends. */
  text(text: string): void {
    write(this.#io.stdout, text);
  }

  /** A line beside the result. */
  note(text: string): void {
    write(this.#io.stderr, `${text}\n`);
  }

  /** Text beside the result that brings its own line ends. */
  noteText(text: string): void {
    write(this.#io.stderr, text);
  }

  warn(text: string): void {
    this.note(`${this.onStderr('yellow', 'warning:')} ${text}`);
  }

  hint(text: string): void {
    this.note(`${this.onStderr('cyan', 'hint:')} ${text}`);
  }

  onStdout(style: Style, text: string): string {
    return this.#styled(this.#io.stdout, style, text);
  }

  onStderr(style: Style, text: string): string {
    return this.#styled(this.#io.stderr, style, text);
  }

  hasColour(stream: CliOutput): boolean {
    const { noColor, ci } = this.#io.environment;
    return this.#colour && stream.isTTY === true && !noColor && !ci;
  }

  #styled(stream: CliOutput, style: Style, text: string): string {
    return this.hasColour(stream) ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** Nothing is written to a stream whose reader has gone: that is not an error of ours. */
function write(stream: CliOutput, text: string): void {
  if (!stream.destroyed && stream.writable) stream.write(text);
}
