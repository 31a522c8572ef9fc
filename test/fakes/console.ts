import { Duplex } from 'node:stream';
import type { ConsolePort } from '../../src/console/console-port.js';
import { StreamPort } from '../../src/console/stream-port.js';

/** A board at the other end of a console, in memory. */
export class FakeConsole {
  readonly port: ConsolePort;
  /** All that was typed. */
  typed = '';
  readonly #stream: Duplex;

  /** `onTyped` is told what arrives, in the pieces that it was written in. */
  constructor(onTyped: (keys: string, board: FakeConsole) => void = () => undefined) {
    this.#stream = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        this.typed += chunk.toString();
        done();
        onTyped(chunk.toString(), this);
      },
    });
    this.port = new StreamPort(this.#stream, {
      name: 'console',
      lostHint: 'The cable was pulled.',
      close: () => {
        this.#stream.destroy();
        return Promise.resolve();
      },
    });
  }

  say(text: string | Uint8Array): void {
    this.#stream.push(Buffer.from(text));
  }

  /** Pulls the cable. */
  vanish(): void {
    this.#stream.destroy();
  }
}

export interface FakePrompt {
  readonly prompt: string;
  /** What a line does: what is printed, after which the prompt comes, or nothing more where it is undefined. */
  readonly run: (line: string) => string | undefined;
}

/** A command line that echoes, as U-Boot and a shell do. A prompt is said only behind a line. */
export function commandLine({ prompt, run }: FakePrompt): (keys: string, board: FakeConsole) => void {
  let line: string | undefined = '';
  return (keys, board) => {
    for (const key of keys) {
      if (line === undefined) return;
      if (key !== '\r') {
        board.say(key === '\x15' ? '\x07' : key);
        if (key !== '\x15') line += key;
        continue;
      }
      board.say('\r\n');
      const output = run(line.trim());
      line = output === undefined ? undefined : '';
      if (output !== undefined) board.say(`${output}${prompt}`);
    }
  };
}
