import { readSync, writeSync } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { readBuffer } from '../../host/read-buffer.js';

/** What the caches of a processor hold: what is read and written again then costs little more than half. */
const STEP_BYTES = 128 * 1024;
const STEPS_BETWEEN_PAUSES = 32;

/**
 * What the board has downloaded: its memory, as a file, so that a large image costs no memory of the process. The file
 * stays in the memory of the host, so that it is read and written at once: handing each step to another thread would
 * take longer than the step, and what is measured with this board is to be the client, not the board.
 */
export class DownloadMemory implements AsyncDisposable {
  sizeBytes = 0;
  readonly #path: string;
  readonly #file: FileHandle;
  /** What was appended and is not in the file yet: packets are small, writing each by itself would be slow. */
  readonly #tail = readBuffer(STEP_BYTES);
  #tailBytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<DownloadMemory> {
    return new DownloadMemory(path, await open(path, 'w+', 0o600));
  }

  clear(): void {
    this.sizeBytes = 0;
    this.#tailBytes = 0;
  }

  append(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length;) {
      if (this.#tailBytes === STEP_BYTES) this.#flush();
      const part = bytes.subarray(start, start + STEP_BYTES - this.#tailBytes);
      this.#tail.set(part, this.#tailBytes);
      this.#tailBytes += part.length;
      this.sizeBytes += part.length;
      start += part.length;
    }
  }

  /** Zeros where nothing was downloaded. */
  read(offsetBytes: number, lengthBytes: number): Buffer {
    this.#flush();
    const bytes = Buffer.alloc(lengthBytes);
    readSync(this.#file.fd, bytes, 0, lengthBytes, offsetBytes);
    return bytes;
  }

  /** A stretch piece by piece; each piece is overwritten by the next. */
  async *pieces(offsetBytes: number, lengthBytes: number): AsyncGenerator<Buffer> {
    this.#flush();
    const buffer = readBuffer(Math.min(STEP_BYTES, lengthBytes));
    for (let done = 0, steps = 1; done < lengthBytes; steps++) {
      if (steps % STEPS_BETWEEN_PAUSES === 0) await setImmediate();
      const wanted = Math.min(STEP_BYTES, lengthBytes - done);
      const bytesRead = readSync(this.#file.fd, buffer, 0, wanted, offsetBytes + done);
      if (bytesRead === 0) buffer.fill(0, 0, wanted);
      const piece = buffer.subarray(0, bytesRead === 0 ? wanted : bytesRead);
      yield piece;
      done += piece.length;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  #flush(): void {
    writeSync(this.#file.fd, this.#tail, 0, this.#tailBytes, this.sizeBytes - this.#tailBytes);
    this.#tailBytes = 0;
  }
}
