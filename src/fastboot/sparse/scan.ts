import { throwIfAborted } from '../../time/deadline.js';
import { ImageError, type Image } from '../image/image.js';
import type { Chunk, ChunkMap, Run } from './chunk.js';
import { canJoin, findRuns, joined } from './runs.js';

const SCAN_BYTES = 1024 * 1024;
/** A RAW chunk has to say its length in 32 bits; this leaves room for its header. */
const MAX_RAW_BYTES = 1024 * 1024 * 1024;

/** What AOSP and bootloaders use, and smaller ones for images that end between two of these. */
const BLOCK_SIZES = [4096, 2048, 1024, 512] as const;

/**
 * Sees a raw image as chunks: blocks of one repeated word are FILL, all others RAW, so that every byte of the image is
 * written. Zeros are FILL too: a board keeps what it has where nothing is written, and that need not be zeros.
 * `image` is a multiple of 512 bytes long (see paddedImage); the block size divides it, so that nothing is written
 * behind it.
 */
export function scanRawImage(image: Image, signal?: AbortSignal): ChunkMap {
  const blockBytes = BLOCK_SIZES.find(size => image.sizeBytes % size === 0);
  if (blockBytes === undefined) throw new RangeError('A raw image is scanned in whole sectors.');
  const totalBlocks = image.sizeBytes / blockBytes;
  if (totalBlocks > 0xffff_ffff) throw new ImageError(image.name, 'it is larger than a sparse image can be');
  return { blockBytes, totalBlocks, chunks: () => scan(image, blockBytes, signal) };
}

async function* scan(image: Image, blockBytes: number, signal: AbortSignal | undefined): AsyncGenerator<Chunk> {
  await using cursor = await image.open();
  const buffer = Buffer.allocUnsafeSlow(SCAN_BYTES);
  const maxRunBlocks = MAX_RAW_BYTES / blockBytes;
  let open: Run | undefined;
  let openBytes = 0;
  for (let position = 0; position < image.sizeBytes;) {
    throwIfAborted(signal);
    const bytes = buffer.subarray(0, Math.min(SCAN_BYTES, image.sizeBytes - position));
    await cursor.fill(bytes);
    position += bytes.length;
    for (const run of findRuns(bytes, blockBytes)) {
      if (open !== undefined && canJoin(open, run) && open.blocks + run.blocks <= maxRunBlocks) {
        open = joined(open, run);
        continue;
      }
      if (open !== undefined) {
        yield chunkOf(open, openBytes);
        openBytes += open.blocks * blockBytes;
      }
      open = run;
    }
  }
  if (open !== undefined) yield chunkOf(open, openBytes);
}

function chunkOf(run: Run, sourceBytes: number): Chunk {
  return run.kind === 'raw' ? { ...run, sourceBytes } : run;
}
