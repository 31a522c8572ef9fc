import { pipeline, Readable, type Duplex } from 'node:stream';

/** What comes out of `transform` for `chunks`; ends with the error of either, and ends both when nobody reads on. */
export async function* through(chunks: AsyncIterable<Buffer>, transform: Duplex): AsyncGenerator<Buffer> {
  // An error ends the transform too, so that reading it throws it.
  pipeline(Readable.from(chunks), transform, () => undefined);
  yield* transform as AsyncIterable<Buffer>;
}
