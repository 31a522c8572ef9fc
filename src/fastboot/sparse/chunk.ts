/** Blocks side by side that are alike: each one 32-bit word (as it reads in little endian) over and over, or not. */
export type Run =
  | { readonly kind: 'raw'; readonly blocks: number }
  | { readonly kind: 'fill'; readonly blocks: number; readonly word: number };

/** Blocks that keep what is on the board. */
export interface Skip {
  readonly kind: 'skip';
  readonly blocks: number;
}

/** A run of data, and where it stands in the source: bytes from its start. */
export type RawChunk = Extract<Run, { kind: 'raw' }> & { readonly sourceBytes: number };
/** A run of one repeated word. */
export type FillChunk = Extract<Run, { kind: 'fill' }>;

/** A stretch of an image, in whole blocks. Chunks follow one another without gaps. */
export type Chunk = RawChunk | FillChunk | Skip;

/** An image as a sequence of chunks: the shape that both sparse and raw images are brought into. */
export interface ChunkMap {
  readonly blockBytes: number;
  readonly totalBlocks: number;
  /** Reads them anew each time. */
  chunks(): AsyncIterable<Chunk>;
}
