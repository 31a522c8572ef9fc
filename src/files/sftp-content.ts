import { createHash } from 'node:crypto';
import type { RemoteFile, SftpChannel } from '../ssh/sftp.js';

/** Requests of one file that are under way at once: 4 MiB on a server that takes 255 KiB each. */
const WINDOW = 16;

/** Runs up to WINDOW of what it is given at once; `settle` waits for all and throws the first failure. */
class Window {
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  async add(work: Promise<void>): Promise<void> {
    const tracked: Promise<void> = work
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    if (this.#running.size >= WINDOW) await Promise.race(this.#running);
    this.#throw();
  }

  async settle(): Promise<void> {
    await Promise.all(this.#running);
    this.#throw();
  }

  #throw(): void {
    if (this.#failure) throw this.#failure.error;
  }
}

/** Writes chunks one after the other from `position` on, many requests at once; `confirmed` hears of each that arrived. */
export async function writeContent(
  file: RemoteFile,
  chunks: AsyncIterable<Buffer>,
  options: { readonly position: number; readonly requestBytes: number; readonly confirmed: (bytes: number) => void },
): Promise<void> {
  const window = new Window();
  let { position } = options;
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += options.requestBytes) {
        const part = chunk.subarray(at, at + options.requestBytes);
        await window.add(
          file.write(part, position).then(() => {
            options.confirmed(part.length);
          }),
        );
        position += part.length;
      }
    }
  } finally {
    await window.settle();
  }
}

/** Reads a file from `position` to `end`, many requests at once, in order. Ends early where the file does. */
export async function* readContent(
  sftp: SftpChannel,
  path: string,
  range: { readonly position: number; readonly end: number },
): AsyncGenerator<Buffer> {
  const file = await sftp.open(path, 'read');
  const ahead: Promise<Buffer>[] = [];
  let asked = range.position;
  let read = range.position;
  const ask = (): void => {
    while (ahead.length < WINDOW && asked < range.end) {
      const length = Math.min(sftp.maxRequestBytes, range.end - asked);
      const answer = file.read(length, asked);
      // It is awaited in its turn, or not at all if the reader stops before.
      answer.catch(() => undefined);
      ahead.push(answer);
      asked += length;
    }
  };
  try {
    ask();
    while (ahead.length > 0) {
      const expected = Math.min(sftp.maxRequestBytes, range.end - read);
      let chunk = (await ahead.shift()) ?? Buffer.alloc(0);
      // A server may answer with less than was asked for; only 0 means the end.
      while (chunk.length < expected) {
        const more = await file.read(expected - chunk.length, read + chunk.length);
        if (more.length === 0) break;
        chunk = Buffer.concat([chunk, more]);
      }
      read += chunk.length;
      if (chunk.length > 0) yield chunk;
      if (chunk.length < expected) return;
      ask();
    }
  } finally {
    // It was only read: that it cannot be closed either changes nothing.
    await file.close().catch(() => undefined);
  }
}

/** SHA-256 of the first `length` bytes of a file, in hex, by reading it back; `moved` hears of each piece. */
export async function hashBySftp(
  sftp: SftpChannel,
  path: string,
  { length, moved }: { readonly length: number; readonly moved?: (() => void) | undefined },
): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of readContent(sftp, path, { position: 0, end: length })) {
    hash.update(chunk);
    moved?.();
  }
  return hash.digest('hex');
}
