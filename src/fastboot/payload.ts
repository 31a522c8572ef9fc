import { readBuffer } from '../host/read-buffer.js';
import type { Image, ImageCursor } from './image/image.js';

/** What a `download` moves: a known number of bytes, made while it is sent. */
export interface Payload {
  readonly sizeBytes: number;
  /**
   * The bytes in packets of exactly `packetBytes`, the last one of what is left. A packet is valid until the next one
   * is asked for.
   */
  packets(packetBytes: number): AsyncIterable<Uint8Array>;
}

/** The bytes of an image as they are, from its first to `sizeBytes`. */
export function wholeImage(image: Image, sizeBytes = image.sizeBytes): Payload {
  return {
    sizeBytes,
    packets: packetBytes =>
      readAhead(
        fillPackets({ image, sizeBytes, packetBytes }, async (cursor, target) => {
          await cursor.advance([target]);
        }),
      ),
  };
}

interface Packing {
  readonly image: Image;
  readonly sizeBytes: number;
  readonly packetBytes: number;
}

/** Hands two buffers to `fill` in turn, each as large as a packet, until all of the payload is made. */
export async function* fillPackets(
  packing: Packing,
  fill: (cursor: ImageCursor, target: Buffer) => Promise<void>,
): AsyncGenerator<Buffer> {
  const { image, sizeBytes, packetBytes } = packing;
  await using cursor = await image.open();
  const size = Math.min(packetBytes, sizeBytes);
  const buffers = [readBuffer(size), readBuffer(size)] as const;
  for (let position = 0, turn = 0; position < sizeBytes; position += packetBytes, turn++) {
    const target = buffers[turn % 2 === 0 ? 0 : 1].subarray(0, Math.min(packetBytes, sizeBytes - position));
    await fill(cursor, target);
    yield target;
  }
}

/** Makes the next item while the last one is being used, so that reading and sending overlap. */
export async function* readAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (;;) {
      const item = await next;
      if (item.done === true) return;
      next = items.next();
      // Its failure is seen when it is awaited; until then it must not count as unhandled.
      next.catch(() => undefined);
      yield item.value;
    }
  } finally {
    await next.catch(() => undefined);
    await items.return(undefined);
  }
}
