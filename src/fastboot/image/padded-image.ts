import type { Image, ImageCursor, Step } from './image.js';

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

  async advance(steps: readonly Step[]): Promise<void> {
    const own = steps.map(step => this.#ownPart(step));
    await this.#cursor.advance(own);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cursor[Symbol.asyncDispose]();
  }

  /** What of a step lies in the image itself; what lies behind it is zeros, and done with at once. */
  #ownPart(step: Step): Step {
    const wantedBytes = typeof step === 'number' ? step : step.length;
    const lengthBytes = Math.min(wantedBytes, this.#leftBytes);
    this.#leftBytes -= lengthBytes;
    if (typeof step === 'number') return lengthBytes;
    step.fill(0, lengthBytes);
    return step.subarray(0, lengthBytes);
  }
}
