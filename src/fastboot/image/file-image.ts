import { readvSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { systemReason } from '../../host/system-error.js';
import { FileError } from '../../errors.js';
import { findHoles } from './holes.js';
import { endsEarly, type Extent, type Image, type ImageCursor, type Step } from './image.js';

/** Small reads, which are those of headers, come out of one read of this size. */
const READ_AHEAD_BYTES = 8 * 1024;
/**
 * Reads are made at once, in this thread: what comes from the file is used next, while it still is in the cache of this
 * processor, and handing a read to another thread takes about as long as the read. With a pause for others now and then.
 */
const BYTES_BETWEEN_PAUSES = 4 * 1024 * 1024;
/** What one read takes of that, however small it is. */
const READ_COST_BYTES = 64 * 1024;
/** What `stat` counts in, whatever the file system. */
const STAT_BLOCK_BYTES = 512;

/** How an image file is read. */
export interface FileImageOptions {
  /**
   * The board keeps what it has where the file has holes, instead of getting zeros. Only for files whose holes stand for
   * what does not matter: mkfs, for one, leaves holes for zeros that it counts on. Linux with GNU tar only.
   */
  readonly keepHoles?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** An image in a file, open from the first look to the last byte, so that all of them see the same file. */
export class FileImage implements Image, AsyncDisposable {
  readonly name: string;
  readonly sizeBytes: number;
  readonly holes: readonly Extent[];
  readonly #file: FileHandle;

  private constructor(image: Pick<FileImage, 'name' | 'sizeBytes' | 'holes'>, file: FileHandle) {
    this.name = image.name;
    this.sizeBytes = image.sizeBytes;
    this.holes = image.holes;
    this.#file = file;
  }

  /** @throws FileError if there is no such file, it cannot be read, or it is no file but a folder or device */
  static async open(path: string, options: FileImageOptions = {}): Promise<FileImage> {
    let file: FileHandle;
    try {
      file = await open(path, 'r');
    } catch (error) {
      throw unreadable(path, error);
    }
    try {
      const stats = await file.stat();
      if (!stats.isFile()) {
        throw new FileError(`${path} is not a file.`, { hint: 'Give the file of an image.', facts: { path } });
      }
      const sizeBytes = stats.size;
      // Only a file that takes less room than it is long can have holes.
      const mayHaveHoles = options.keepHoles === true && stats.blocks * STAT_BLOCK_BYTES < sizeBytes;
      const holes = mayHaveHoles ? await findHoles(path, sizeBytes, options.signal) : [];
      return new FileImage({ name: basename(path), sizeBytes, holes }, file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  open(): Promise<ImageCursor> {
    return Promise.resolve(new FileCursor(this, this.#file));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

class FileCursor implements ImageCursor {
  readonly #image: Image;
  readonly #file: FileHandle;
  #positionBytes = 0;
  /** Bytes of the file that begin at the position. */
  #ahead: Buffer = Buffer.alloc(0);
  #sincePauseBytes = 0;
  readonly #aheadStore = Buffer.allocUnsafeSlow(READ_AHEAD_BYTES);

  constructor(image: Image, file: FileHandle) {
    this.#image = image;
    this.#file = file;
  }

  async advance(steps: readonly Step[]): Promise<void> {
    /** What is read in one go: buffers to fill, and gaps between them that are too small to be worth a jump. */
    const batch: Uint8Array[] = [];
    for (const step of steps) {
      if (typeof step !== 'number') {
        // The bytes at hand are those at the position, where nothing waits to be read before them.
        const taken = batch.length === 0 ? this.#take(step) : 0;
        if (taken < step.length) batch.push(step.subarray(taken));
      } else if (batch.length > 0 && step <= this.#aheadStore.length) {
        batch.push(this.#aheadStore.subarray(0, step));
      } else {
        await this.#read(batch.splice(0));
        this.#skip(step);
      }
    }
    await this.#read(batch);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #skip(lengthBytes: number): void {
    if (this.#positionBytes + lengthBytes > this.#image.sizeBytes) {
      throw endsEarly(this.#image.name, this.#image.sizeBytes);
    }
    this.#positionBytes += lengthBytes;
    this.#ahead = this.#ahead.subarray(Math.min(lengthBytes, this.#ahead.length));
  }

  #take(target: Uint8Array): number {
    const length = Math.min(target.length, this.#ahead.length);
    target.set(this.#ahead.subarray(0, length));
    this.#ahead = this.#ahead.subarray(length);
    this.#positionBytes += length;
    return length;
  }

  /** Reads all of the batch, and somewhat more where it is little. */
  async #read(batch: readonly Uint8Array[]): Promise<void> {
    let rest = batch;
    const [first] = batch;
    if (batch.length === 1 && first !== undefined && first.length < READ_AHEAD_BYTES / 2) {
      await this.#readAhead();
      rest = without(batch, this.#take(first));
    }
    while (rest.length > 0) {
      const length = await this.#readv(rest);
      if (length === 0) throw endsEarly(this.#image.name, this.#positionBytes);
      this.#positionBytes += length;
      rest = without(rest, length);
    }
  }

  async #readAhead(): Promise<void> {
    this.#ahead = this.#aheadStore.subarray(0, await this.#readv([this.#aheadStore]));
  }

  async #readv(buffers: readonly Uint8Array[]): Promise<number> {
    if (this.#sincePauseBytes >= BYTES_BETWEEN_PAUSES) {
      await setImmediate();
      this.#sincePauseBytes = 0;
    }
    try {
      const length = readvSync(this.#file.fd, buffers, this.#positionBytes);
      this.#sincePauseBytes += Math.max(length, READ_COST_BYTES);
      return length;
    } catch (error) {
      throw unreadable(this.#image.name, error);
    }
  }
}

/** What is left of the buffers when their first `lengthBytes` bytes are filled. */
function without(buffers: readonly Uint8Array[], lengthBytes: number): Uint8Array[] {
  let filled = lengthBytes;
  return buffers.flatMap(buffer => {
    const own = Math.min(filled, buffer.length);
    filled -= own;
    return own < buffer.length ? [buffer.subarray(own)] : [];
  });
}

function unreadable(path: string, error: unknown): FileError {
  const code = (error as NodeJS.ErrnoException).code;
  const reason =
    code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'you may not read it' : systemReason(error);
  return new FileError(`The image ${path} cannot be read: ${reason}.`, {
    hint: 'Check the path of the image.',
    cause: error,
    facts: { path, code },
  });
}
