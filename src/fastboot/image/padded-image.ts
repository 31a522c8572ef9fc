import type { Image, ImageCursor } from './image.js';

/**
 * The same image with zeros behind it up to a multiple of `unitBytes`. Bootloaders write whole sectors: what they are
 * not given for the last one they take from what happens to be in their memory.
 */
export function paddedImage(image: Image, unitBytes: number): Image {
  const sizeBytes = Math.ceil(image.sizeBytes / unitBytes) * unitBytes;
  if (sizeBytes === image.sizeBytes) return image;
  const { name, holes = [] } = image;
  return { name, sizeBytes, holes, open: async () => new PaddedCursor(await image.open(), image.sizeBytes) };
}

class PaddedCursor implements ImageCursor {
  readonly #cursor: ImageCursor;
  /** Bytes of the image itself that are still to come. */
  #leftBytes: number;

  constructor(cursor: ImageCursor, sizeBytes: number) {
    this.#cursor = cursor;
    this.#leftBytes = sizeBytes;
  }

  async fill(target: Uint8Array): Promise<void> {
    const length = this.#pass(target.length);
    await this.#cursor.fill(target.subarray(0, length));
    target.fill(0, length);
  }

  async skip(lengthBytes: number): Promise<void> {
    await this.#cursor.skip(this.#pass(lengthBytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cursor[Symbol.asyncDispose]();
  }

  #pass(lengthBytes: number): number {
    const length = Math.min(lengthBytes, this.#leftBytes);
    this.#leftBytes -= length;
    return length;
  }
}
