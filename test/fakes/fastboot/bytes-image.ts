import type { Image } from '../../../src/fastboot/image/image.js';
import { streamImage } from '../../../src/fastboot/image/stream-image.js';

/** An image in memory that comes in pieces of the sizes given, over and over; by default in one. */
export function bytesImage(bytes: Uint8Array, pieceSizes: readonly number[] = [Math.max(1, bytes.length)]): Image {
  return streamImage({ name: 'test.img', sizeBytes: bytes.length, read: () => inPieces(bytes, pieceSizes) });
}

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield await Promise.resolve(bytes.subarray(start, start + size));
    start += size;
  }
}
