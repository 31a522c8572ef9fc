import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Disk } from './disk.js';

const READ_CHUNK_BYTES = 64 * 1024;

/** An open file of the board. Writes count against its disk. */
export class BoardFile implements AsyncDisposable {
  /** Resolved path on the board, as it was when the file was opened. */
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #disk: Disk;
  readonly #append: boolean;
  readonly #onWritten: () => void;
  #written = false;

  constructor(
    handle: FileHandle,
    disk: Disk,
    options: { readonly path: string; readonly append: boolean; readonly onWritten: () => void },
  ) {
    this.path = options.path;
    this.#handle = handle;
    this.#disk = disk;
    this.#append = options.append;
    this.#onWritten = options.onWritten;
  }

  /** Up to `length` bytes at `position` (undefined: where the last read ended); empty at the end of the file. */
  async read(length: number, position?: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await this.#handle.read(buffer, 0, length, position ?? null);
    return buffer.subarray(0, bytesRead);
  }

  async *chunks(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = await this.read(READ_CHUNK_BYTES);
      if (chunk.length === 0) return;
      yield chunk;
    }
  }

  /** Writes all of `data` at `position` (undefined: where the last write ended). @throws BoardFileError ENOSPC, EROFS */
  async write(data: Uint8Array, position?: number): Promise<void> {
    this.#disk.checkWritable(this.path);
    if (this.#disk.isBounded) {
      const { size } = await this.#handle.stat();
      const end = this.#append || position === undefined ? size + data.length : position + data.length;
      await this.#disk.grow(end - size);
    } else {
      await this.#disk.grow(data.length);
    }
    this.#written = true;
    for (let done = 0; done < data.length;) {
      const at = this.#append || position === undefined ? null : position + done;
      const { bytesWritten } = await this.#handle.write(data, done, data.length - done, at);
      done += bytesWritten;
    }
  }

  async truncate(sizeBytes: number): Promise<void> {
    this.#disk.checkWritable(this.path);
    const { size } = await this.#handle.stat();
    await this.#disk.grow(sizeBytes - size);
    await this.#handle.truncate(sizeBytes);
    this.#disk.shrink(size - sizeBytes);
    this.#written = true;
  }

  stat(): Promise<Stats> {
    return this.#handle.stat();
  }

  async chmod(mode: number): Promise<void> {
    this.#disk.checkWritable(this.path);
    await this.#handle.chmod(mode);
  }

  async utimes(accessedAtS: number, modifiedAtS: number): Promise<void> {
    this.#disk.checkWritable(this.path);
    await this.#handle.utimes(accessedAtS, modifiedAtS);
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
    if (this.#written) this.#onWritten();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
