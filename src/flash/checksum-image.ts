import { crc32 } from 'node:zlib';
import { readBuffer } from '../host/read-buffer.js';
import type { Image, ImageCursor, Step } from '../fastboot/image/image.js';
import { throwIfAborted } from '../time/deadline.js';
import { HEAD_BYTES } from './image-kind.js';

const BUFFER_BYTES = 1024 * 1024;

export interface ChecksumOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with how much more has been read. */
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/** What a pass over an image has seen. */
export interface Summary {
  /** CRC-32 and length: tells whether the user gave other images, and takes a third of the time of a SHA-256. */
  readonly checksum: string;
  /** The first bytes, `HEAD_BYTES` of them if there are so many. */
  readonly head: Buffer;
}

/**
 * Reads an image once from its first byte to its last, whatever of it is asked for on the way, so that its checksum, the
 * container's own checks and the reading of its format cost one pass together.
 */
export class ChecksumCursor implements ImageCursor {
  readonly #cursor: ImageCursor;
  readonly #options: ChecksumOptions;
  readonly #buffer = readBuffer(BUFFER_BYTES);
  readonly #head: Buffer;
  readonly #sizeBytes: number;
  #headBytes = 0;
  #crc = 0;
  #leftBytes: number;

  private constructor(cursor: ImageCursor, sizeBytes: number, options: ChecksumOptions) {
    this.#cursor = cursor;
    this.#options = options;
    this.#sizeBytes = sizeBytes;
    this.#leftBytes = sizeBytes;
    this.#head = Buffer.alloc(Math.min(HEAD_BYTES, sizeBytes));
  }

  static async open(image: Image, options: ChecksumOptions): Promise<ChecksumCursor> {
    return new ChecksumCursor(await image.open(), image.sizeBytes, options);
  }

  async advance(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (typeof step === 'number') await this.#pass(step);
      else await this.#fill(step);
    }
  }

  /** Reads what is left, and tells what was seen. */
  async finish(): Promise<Summary> {
    await this.#pass(this.#leftBytes);
    return { checksum: `${this.#crc.toString(16)}-${String(this.#sizeBytes)}`, head: this.#head };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cursor[Symbol.asyncDispose]();
  }

  async #pass(lengthBytes: number): Promise<void> {
    for (let left = lengthBytes; left > 0; left -= BUFFER_BYTES) {
      await this.#fill(this.#buffer.subarray(0, Math.min(left, BUFFER_BYTES)));
    }
  }

  async #fill(target: Uint8Array): Promise<void> {
    throwIfAborted(this.#options.signal);
    await this.#cursor.advance([target]);
    this.#crc = crc32(target, this.#crc);
    this.#head.set(target.subarray(0, this.#head.length - this.#headBytes), this.#headBytes);
    this.#headBytes = Math.min(this.#head.length, this.#headBytes + target.length);
    this.#leftBytes -= target.length;
    this.#options.onRead?.(target.length);
  }
}
