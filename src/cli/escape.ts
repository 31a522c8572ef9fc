import { Transform, type TransformCallback } from 'node:stream';

const TILDE = 0x7e;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const PERIOD = 0x2e;
const QUESTION_MARK = 0x3f;

/** What the keys of a user mean: bytes for the board, or a wish to this program. */
export type Keystrokes =
  { readonly kind: 'data'; readonly bytes: Buffer } | { readonly kind: 'disconnect' } | { readonly kind: 'help' };

const ESCAPES: readonly (readonly [keys: string, meaning: string])[] = [
  ['~.', 'end the connection'],
  ['~?', 'show this list'],
  ['~~', 'send one tilde'],
];

/** What `~?` shows. The terminal is raw then: lines need both halves of their end. */
export function escapeHelp(): string {
  const lines = ESCAPES.map(([keys, meaning]) => `  ${keys}  ${meaning}`);
  return ['', 'Escapes, at the start of a line:', ...lines, ''].join('\r\n');
}

/**
 * Finds escapes in what a user types, as ssh does: a tilde counts only at the start of a line, and only with the key
 * after it; any other key after it sends both. Keys may arrive in pieces of any size.
 */
export class EscapeParser {
  #atLineStart = true;
  #afterTilde = false;

  parse(chunk: Uint8Array): Keystrokes[] {
    const found: Keystrokes[] = [];
    const plain: number[] = [];
    const leave = (wish: Keystrokes): void => {
      if (plain.length > 0) found.push({ kind: 'data', bytes: Buffer.from(plain.splice(0)) });
      found.push(wish);
    };
    for (const byte of chunk) {
      if (!this.#afterTilde && this.#atLineStart && byte === TILDE) {
        this.#afterTilde = true;
      } else if (this.#afterTilde && (byte === PERIOD || byte === QUESTION_MARK)) {
        this.#afterTilde = false;
        leave({ kind: byte === PERIOD ? 'disconnect' : 'help' });
      } else {
        if (this.#afterTilde && byte !== TILDE) plain.push(TILDE);
        plain.push(byte);
        this.#afterTilde = false;
        this.#atLineStart = byte === CARRIAGE_RETURN || byte === LINE_FEED;
      }
    }
    if (plain.length > 0) found.push({ kind: 'data', bytes: Buffer.from(plain) });
    return found;
  }

  /** What is still held back when no more keys come. */
  flush(): Buffer {
    const held = this.#afterTilde ? Buffer.of(TILDE) : Buffer.alloc(0);
    this.#afterTilde = false;
    return held;
  }
}

export interface EscapeListeners {
  readonly onDisconnect: () => void;
  readonly onHelp: () => void;
}

/** Stands between the keyboard and a remote shell or console. Nothing more passes once the user has asked to disconnect. */
export class EscapeFilter extends Transform {
  readonly #parser = new EscapeParser();
  readonly #listeners: EscapeListeners;
  #disconnected = false;

  constructor(listeners: EscapeListeners) {
    super();
    this.#listeners = listeners;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (const keys of this.#disconnected ? [] : this.#parser.parse(chunk)) {
      if (keys.kind === 'data') {
        this.push(keys.bytes);
      } else if (keys.kind === 'help') {
        this.#listeners.onHelp();
      } else {
        this.#disconnected = true;
        this.#listeners.onDisconnect();
        break;
      }
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#disconnected ? undefined : this.#parser.flush());
  }
}
