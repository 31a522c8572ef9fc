import { PassThrough } from 'node:stream';
import type { RemoteExit, RemoteProcess, TerminalSize } from '../../src/ssh/session.js';

/** A program on a board that does what a test says. */
export class FakeRemoteProcess implements RemoteProcess {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly exit: Promise<RemoteExit>;
  readonly sizes: TerminalSize[] = [];
  /** Resolves when the channel is closed from this side. */
  readonly closed: Promise<void>;
  #close: () => void = () => undefined;
  #end: (exit: RemoteExit) => void = () => undefined;

  constructor() {
    this.exit = new Promise(resolve => {
      this.#end = resolve;
    });
    this.closed = new Promise(resolve => {
      this.#close = resolve;
    });
  }

  end(exit: RemoteExit): void {
    this.stdout.end();
    this.stderr.end();
    this.#end(exit);
  }

  resize(size: TerminalSize): void {
    this.sizes.push(size);
  }

  kill(): void {
    // Nothing here dies of a signal.
  }

  close(): void {
    this.#close();
  }
}
