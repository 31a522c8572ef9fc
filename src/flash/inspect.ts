import { ImageError, type Image, type ImageCursor } from '../fastboot/image/image.js';
import type { Chunk } from '../fastboot/sparse/chunk.js';
import { isSparseImage, readChunks, readSparseImage } from '../fastboot/sparse/read.js';
import { ChecksumCursor, type ChecksumOptions } from './checksum-image.js';
import { detectKind, type ImageKind } from './image-kind.js';
import { MAX_TABLE_BYTES, readPartitionTable, type PartitionTable } from './partition-table.js';

/** An image that has been read through once, and what came out. */
export interface InspectedImage {
  readonly image: Image;
  readonly name: string;
  /** The same for the same content. */
  readonly checksum: string;
  /** Undefined if its beginning is of no kind that is known. */
  readonly kind: ImageKind | undefined;
  /** How much of a partition it spans. */
  readonly coveredBytes: number;
  /** If it is one. */
  readonly partitionTable?: PartitionTable;
}

/** More chunks than this are not kept but read again when they are needed. */
const MAX_KEPT_CHUNKS = 262_144;

/**
 * Reads an image through: every byte, once. What its container or its format promises is true when this resolves.
 * @throws ImageError, FileError, AbortedError
 */
export async function inspectImage(image: Image, options: ChecksumOptions = {}): Promise<InspectedImage> {
  if (image.sizeBytes === 0) throw new ImageError(image.name, 'it is empty', { hint: 'Download or make it again.' });
  const { name } = image;
  if (await isSparseImage(image)) return await inspectSparse(image, options);
  await using cursor = await ChecksumCursor.open(image, options);
  // A partition table is small enough to be looked at as a whole.
  const start = Buffer.alloc(Math.min(image.sizeBytes, MAX_TABLE_BYTES));
  await cursor.advance([start]);
  const { checksum, head } = await cursor.finish();
  const kind = detectKind(head);
  const facts = { image, name, checksum, kind, coveredBytes: image.sizeBytes };
  return kind === 'partition table' ? { ...facts, partitionTable: readPartitionTable(start, name) } : facts;
}

/** Reads the chunks with a cursor that reads everything. */
async function inspectSparse(image: Image, options: ChecksumOptions): Promise<InspectedImage> {
  const { header, blockBytes, totalBlocks } = await readSparseImage(image);
  await using cursor = await ChecksumCursor.open(image, options);
  const kept: Chunk[] = [];
  for await (const chunk of readChunks({ ...identityOf(image), open: () => Promise.resolve(lent(cursor)) }, header)) {
    if (kept.length <= MAX_KEPT_CHUNKS) kept.push(chunk);
  }
  const { checksum } = await cursor.finish();
  const checkedChunks = { blockBytes, totalBlocks, chunks: () => inTurn(kept) };
  return {
    image: kept.length > MAX_KEPT_CHUNKS ? image : { ...identityOf(image), open: () => image.open(), checkedChunks },
    ...{ name: image.name, checksum, kind: 'sparse image', coveredBytes: blockBytes * totalBlocks },
  };
}

function identityOf({ name, sizeBytes }: Image): Pick<Image, 'name' | 'sizeBytes'> {
  return { name, sizeBytes };
}

/** The same cursor, for somebody who will dispose it before we are done with it. */
function lent(cursor: ImageCursor): ImageCursor {
  return { advance: steps => cursor.advance(steps), [Symbol.asyncDispose]: () => Promise.resolve() };
}

async function* inTurn<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}
