import { endsEarly, type Image, type ImageCursor, type Step } from './image.js';

/** An image that is read once, from a stream. */
export interface StreamImageOptions {
  readonly name: string;
  readonly sizeBytes: number;
  /** Streams the whole image from its first byte, in pieces of any size; called once for every pass over it. */
  readonly read: () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;
}

/** An image that can only be streamed, such as an entry of a zip; passing over bytes costs as much as reading them. */
export function streamImage(options: StreamImageOptions): Image {
  return {
    name: options.name,
    sizeBytes: options.sizeBytes,
    open: async () => new StreamCursor(options.name, await options.read()),
  };
}

class StreamCursor implements ImageCursor {
  readonly #name: string;
  readonly #iterator: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array();
  #positionBytes = 0;

  constructor(name: string, stream: AsyncIterable<Uint8Array>) {
    this.#name = name;
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  async advance(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      const target = typeof step === 'number' ? undefined : step;
      for (let left = target?.length ?? Number(step); left > 0;) {
        const bytes = await this.#take(left);
        target?.set(bytes, target.length - left);
        left -= bytes.length;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#iterator.return?.();
  }

  /** Between 1 and `maxBytes` of the bytes that follow. */
  async #take(maxBytes: number): Promise<Uint8Array> {
    while (this.#piece.length === 0) {
      const next = await this.#iterator.next();
      if (next.done === true) throw endsEarly(this.#name, this.#positionBytes);
      this.#piece = next.value;
    }
    const bytes = this.#piece.subarray(0, maxBytes);
    this.#piece = this.#piece.subarray(bytes.length);
    this.#positionBytes += bytes.length;
    return bytes;
  }
}
