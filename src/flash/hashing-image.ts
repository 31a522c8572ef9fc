import { createHash } from 'node:crypto';
import { readBuffer } from '../device/read-buffer.js';
import type { Image, ImageCursor, Step } from '../fastboot/image/image.js';
import { throwIfAborted } from '../time/deadline.js';
import { HEAD_BYTES } from './image-kind.js';

const BUFFER_BYTES = 1024 * 1024;

export interface HashingOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with how much more has been read. */
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/** What a pass over an image has seen. */
export interface Digest {
  readonly sha256: string;
  /** The first bytes, `HEAD_BYTES` of them if there are so many. */
  readonly head: Buffer;
}

/**
 * Reads an image once from its first byte to its last, whatever of it is asked for on the way, so that its checksum, the
 * container's own checks and the reading of its format cost one pass together.
 */
export class HashingCursor implements ImageCursor {
  readonly #cursor: ImageCursor;
  readonly #options: HashingOptions;
  readonly #hash = createHash('sha256');
  readonly #buffer = readBuffer(BUFFER_BYTES);
  readonly #head: Buffer;
  #headBytes = 0;
  #leftBytes: number;

  private constructor(cursor: ImageCursor, sizeBytes: number, options: HashingOptions) {
    this.#cursor = cursor;
    this.#options = options;
    this.#leftBytes = sizeBytes;
    this.#head = Buffer.alloc(Math.min(HEAD_BYTES, sizeBytes));
  }

  static async open(image: Image, options: HashingOptions): Promise<HashingCursor> {
    return new HashingCursor(await image.open(), image.sizeBytes, options);
  }

  async advance(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (typeof step === 'number') await this.#pass(step);
      else await this.#fill(step);
    }
  }

  /** Reads what is left, and tells what was seen. */
  async finish(): Promise<Digest> {
    await this.#pass(this.#leftBytes);
    return { sha256: this.#hash.digest('hex'), head: this.#head };
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
    this.#hash.update(target);
    this.#head.set(target.subarray(0, this.#head.length - this.#headBytes), this.#headBytes);
    this.#headBytes = Math.min(this.#head.length, this.#headBytes + target.length);
    this.#leftBytes -= target.length;
    this.#options.onRead?.(target.length);
  }
}
