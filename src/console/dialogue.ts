import { safeText } from '../device/board-text.js';
import { TimeoutError } from '../errors.js';
import { withDeadline, type Deadline } from '../time/deadline.js';
import type { ConsolePort } from './console-port.js';
import { TerminalText } from './terminal-text.js';

/** Which of several patterns came first, what stood before it, and its groups. */
export interface Found<Name extends string> {
  readonly name: Name;
  /** The text between what was read before and the match, as it stood on the screen. */
  readonly before: string;
  readonly match: RegExpExecArray;
}

export type Patterns<Name extends string> = Readonly<Record<Name, RegExp>>;

/** Bytes that a board's UART holds when nobody reads it, with room to spare; echoes pace longer lines. */
const PIECE_CHARACTERS = 16;
const ECHO_TIMEOUT_MS = 10_000;
/** Lines that the hint of an error quotes; `facts.transcript` has more. */
const QUOTED_LINES = 3;

/**
 * Expect and send on a console. Patterns are held against what a terminal would show, so that a countdown or a line that
 * is edited in place reads as a person reads it, however its bytes are cut. What is held is bounded.
 */
export class Dialogue {
  readonly port: ConsolePort;
  readonly #screen = new TerminalText();
  /** Something on the screen has still to be looked at before more is written on it. */
  #hasMore = false;

  constructor(port: ConsolePort) {
    this.port = port;
  }

  /** The last lines of the board, made safe for printing. */
  get transcript(): readonly string[] {
    return this.#screen.lastLines.map(line => safeText(line)).filter(line => line.trim() !== '');
  }

  /** What has been read and not been waited for. */
  get rest(): string {
    return this.#screen.rest;
  }

  async send(text: string): Promise<void> {
    await this.port.write(text);
  }

  /**
   * Waits for the first of the patterns and takes everything up to its end. Of several that match, the one that stands
   * first in the text wins, then the one that is first in `patterns`.
   * @throws TimeoutError with the last lines of the board, TransportError, AbortedError
   */
  async expect<Name extends string>(patterns: Patterns<Name>, deadline: Deadline): Promise<Found<Name>> {
    return await this.within(deadline, signal => this.next(patterns, signal));
  }

  /** One deadline for several answers. @throws TimeoutError with the last lines of the board */
  async within<T>(deadline: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(deadline, work);
    } catch (error) {
      throw error instanceof TimeoutError ? this.#withTranscript(error, deadline.hint) : error;
    }
  }

  /** As `expect`, for as long as `signal` allows. */
  async next<Name extends string>(patterns: Patterns<Name>, signal: AbortSignal): Promise<Found<Name>> {
    for (;;) {
      const found = this.#look(patterns);
      if (found) return found;
      if (this.#hasMore) this.#hasMore = this.#screen.advance();
      else {
        this.#screen.push(await this.port.read(signal));
        this.#hasMore = this.#screen.advance();
      }
    }
  }

  /** The same where nothing is an answer, too: undefined after `waitMs`. */
  async poll<Name extends string>(
    patterns: Patterns<Name>,
    { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Found<Name> | undefined> {
    try {
      const deadline = { operation: 'listening', timeoutMs: waitMs, signal };
      return await withDeadline(deadline, ended => this.next(patterns, ended));
    } catch (error) {
      if (error instanceof TimeoutError && error.operation === 'listening') return undefined;
      throw error;
    }
  }

  /** Types text and waits until all of it has been echoed, in pieces that no UART loses. */
  async type(
    text: string,
    { operation, signal }: { operation: string; signal?: AbortSignal | undefined },
  ): Promise<void> {
    for (let start = 0; start < text.length; start += PIECE_CHARACTERS) {
      const piece = text.slice(start, start + PIECE_CHARACTERS);
      await this.send(piece);
      const echo = new RegExp(piece.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
      await this.expect({ echo }, { operation, timeoutMs: ECHO_TIMEOUT_MS, signal });
    }
  }

  /** Marks all that has been read as seen: only what comes now is an answer. */
  forgetRest(): void {
    this.#screen.takeAll();
  }

  /** The same error with what the board said last. */
  #withTranscript(error: TimeoutError, hint?: string): TimeoutError {
    const { transcript } = this;
    const quoted = transcript.slice(-QUOTED_LINES).map(line => JSON.stringify(line.trim()));
    const said = quoted.length === 0 ? 'The console said nothing.' : `The console said last: ${quoted.join(', ')}.`;
    return new TimeoutError(error.operation, error.timeoutMs, {
      hint: hint === undefined ? said : `${hint} ${said}`,
      facts: { port: this.port.name, transcript },
      cause: error,
    });
  }

  #look<Name extends string>(patterns: Patterns<Name>): Found<Name> | undefined {
    let best: { name: Name; match: RegExpExecArray } | undefined;
    for (const name of Object.keys(patterns) as Name[]) {
      const match = this.#screen.find(patterns[name]);
      if (match && (best === undefined || match.index < best.match.index)) best = { name, match };
    }
    return best && { ...best, before: this.#screen.take(best.match) };
  }
}
