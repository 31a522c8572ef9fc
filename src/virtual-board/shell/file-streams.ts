import { throwIfAborted } from '../../time/deadline.js';
import { randomBytes } from 'node:crypto';
import type { BoardFile } from '../storage/board-file.js';
import type { BoardFileSystem } from '../storage/file-system.js';
import { NULL_OUTPUT, TextInput, type Input, type Output } from './streams.js';

const READ_BYTES = 64 * 1024;

/** An open stream of a redirection and what ends it. */
export interface Opened<Stream> {
  readonly stream: Stream;
  close(): Promise<void>;
}

class FileInput implements Input {
  readonly isTerminal = false;
  readonly #file: BoardFile;
  #given: Buffer[] = [];

  constructor(file: BoardFile) {
    this.#file = file;
  }

  async read(signal: AbortSignal): Promise<Buffer | undefined> {
    throwIfAborted(signal);
    const data = this.#given.pop() ?? (await this.#file.read(READ_BYTES));
    return data.length > 0 ? data : undefined;
  }

  unread(data: Buffer): void {
    if (data.length > 0) this.#given.push(data);
  }
}

class FileOutput implements Output {
  readonly isTerminal = false;
  readonly #file: BoardFile;

  constructor(file: BoardFile) {
    this.#file = file;
  }

  async write(data: Buffer, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    await this.#file.write(data);
  }
}

/** `/dev/zero` and `/dev/urandom`: never end. */
class EndlessInput implements Input {
  readonly isTerminal = false;
  readonly #make: (length: number) => Buffer;

  constructor(make: (length: number) => Buffer) {
    this.#make = make;
  }

  read(signal: AbortSignal): Promise<Buffer | undefined> {
    throwIfAborted(signal);
    return Promise.resolve(this.#make(READ_BYTES));
  }

  unread(): void {
    // There is always more of it.
  }
}

const nothingToClose = (): Promise<void> => Promise.resolve();

/** Opens a path for reading, devices included. Throws file errors. */
export async function openInput(files: BoardFileSystem, path: string): Promise<Opened<Input>> {
  if (path === '/dev/null') return { stream: new TextInput(), close: nothingToClose };
  if (path === '/dev/zero') return { stream: new EndlessInput(length => Buffer.alloc(length)), close: nothingToClose };
  if (path === '/dev/urandom' || path === '/dev/random') {
    return { stream: new EndlessInput(randomBytes), close: nothingToClose };
  }
  const file = await files.open(path, { read: true });
  return { stream: new FileInput(file), close: () => file.close() };
}

/** Opens a path for writing, `/dev/null` included. Throws file errors. */
export async function openOutput(
  files: BoardFileSystem,
  path: string,
  options: { readonly append: boolean },
): Promise<Opened<Output>> {
  if (path === '/dev/null') return { stream: NULL_OUTPUT, close: nothingToClose };
  const file = await files.open(path, {
    write: true,
    create: true,
    append: options.append,
    truncate: !options.append,
    mode: 0o644,
  });
  return { stream: new FileOutput(file), close: () => file.close() };
}
