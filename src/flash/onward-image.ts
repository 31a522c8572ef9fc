import type { Image, ImageCursor, Step } from '../fastboot/image/image.js';
import type { ChunkMap } from '../fastboot/sparse/chunk.js';

/**
 * An image whose cursors go on where the last one ended, as long as they want to go forward. The pieces of a sparse
 * image are each read by a cursor of their own; in a zip, getting to where a piece begins would mean inflating all that
 * comes before it again. One cursor at a time.
 */
export class OnwardImage implements Image, AsyncDisposable {
  readonly name: string;
  readonly sizeBytes: number;
  readonly checkedChunks?: ChunkMap;
  readonly #image: Image;
  #place: { readonly cursor: ImageCursor; readonly positionBytes: number } | undefined;

  constructor(image: Image) {
    this.name = image.name;
    this.sizeBytes = image.sizeBytes;
    if (image.checkedChunks !== undefined) this.checkedChunks = image.checkedChunks;
    this.#image = image;
  }

  open(): Promise<ImageCursor> {
    return Promise.resolve(
      new OnwardCursor({
        from: positionBytes => this.#cursorBefore(positionBytes),
        keep: (cursor, positionBytes) => {
          this.#place = { cursor, positionBytes };
        },
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#place?.cursor[Symbol.asyncDispose]();
    this.#place = undefined;
  }

  /** A cursor that stands at `positionBytes` or before it. */
  async #cursorBefore(positionBytes: number): Promise<{ cursor: ImageCursor; positionBytes: number }> {
    const place = this.#place;
    this.#place = undefined;
    if (place !== undefined && place.positionBytes <= positionBytes) return place;
    await place?.cursor[Symbol.asyncDispose]();
    return { cursor: await this.#image.open(), positionBytes: 0 };
  }
}

interface Places {
  readonly from: (positionBytes: number) => Promise<{ cursor: ImageCursor; positionBytes: number }>;
  readonly keep: (cursor: ImageCursor, positionBytes: number) => void;
}

class OnwardCursor implements ImageCursor {
  readonly #places: Places;
  #cursor: ImageCursor | undefined;
  #positionBytes = 0;

  constructor(places: Places) {
    this.#places = places;
  }

  async advance(steps: readonly Step[]): Promise<void> {
    // Nothing is opened before the first byte is wanted: what is passed over first decides from where.
    const wanted = steps.findIndex(step => typeof step !== 'number' && step.length > 0);
    const skips = steps.slice(0, wanted < 0 ? steps.length : wanted);
    if (this.#cursor === undefined) {
      this.#positionBytes += skips.reduce<number>((sum, step) => sum + (typeof step === 'number' ? step : 0), 0);
      if (wanted < 0) return;
      const { cursor, positionBytes } = await this.#places.from(this.#positionBytes);
      this.#cursor = cursor;
      await this.#go([this.#positionBytes - positionBytes], 0);
      await this.#go(steps.slice(wanted));
    } else {
      await this.#go(steps);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#cursor !== undefined) this.#places.keep(this.#cursor, this.#positionBytes);
    this.#cursor = undefined;
    return Promise.resolve();
  }

  /** A cursor that failed is at no known place and is not kept. */
  async #go(steps: readonly Step[], countedBytes?: number): Promise<void> {
    const cursor = this.#cursor;
    if (cursor === undefined) return;
    this.#cursor = undefined;
    try {
      await cursor.advance(steps);
    } catch (error) {
      await cursor[Symbol.asyncDispose]();
      throw error;
    }
    this.#cursor = cursor;
    const lengthOf = (step: Step): number => (typeof step === 'number' ? step : step.length);
    this.#positionBytes += countedBytes ?? steps.reduce<number>((sum, step) => sum + lengthOf(step), 0);
  }
}
