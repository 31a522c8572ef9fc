import { readBuffer } from '../../host/read-buffer.js';
import { throwIfAborted } from '../../time/deadline.js';
import { ImageError, type Extent, type Image } from '../image/image.js';
import type { Chunk, ChunkMap, Run, Skip } from './chunk.js';
import { canJoin, findRuns } from './runs.js';

const SCAN_BYTES = 1024 * 1024;
/** A RAW chunk has to say its length in 32 bits; this leaves room for its header. */
const MAX_RAW_BYTES = 1024 * 1024 * 1024;

/** What AOSP and bootloaders use, and smaller ones for images that end between two of these. */
const BLOCK_SIZES = [4096, 2048, 1024, 512] as const;

/**
 * Sees a raw image as chunks: blocks of one repeated word are FILL, all others RAW, so that every byte of the image is
 * written. Zeros are FILL too: a board keeps what it has where nothing is written, and that need not be zeros. Only
 * what the image itself calls holes is left out.
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
  const maxRunBlocks = MAX_RAW_BYTES / blockBytes;
  let open: Run | Skip | undefined;
  let openBytes = 0;
  for await (const run of scanRuns(image, blockBytes, signal)) {
    if (open !== undefined && canJoin(open, run) && open.blocks + run.blocks <= maxRunBlocks) {
      open = { ...open, blocks: open.blocks + run.blocks };
      continue;
    }
    if (open !== undefined) {
      yield chunkOf(open, openBytes);
      openBytes += open.blocks * blockBytes;
    }
    open = run;
  }
  if (open !== undefined) yield chunkOf(open, openBytes);
}

/** Runs as they are found, which end where a read ends. */
async function* scanRuns(image: Image, blockBytes: number, signal?: AbortSignal): AsyncGenerator<Run | Skip> {
  await using cursor = await image.open();
  const buffer = readBuffer(SCAN_BYTES);
  const end = { startBytes: image.sizeBytes, endBytes: image.sizeBytes };
  let position = 0;
  for (const hole of [...wholeBlocks(image.holes ?? [], blockBytes), end]) {
    while (position < hole.startBytes) {
      throwIfAborted(signal);
      const bytes = buffer.subarray(0, Math.min(SCAN_BYTES, hole.startBytes - position));
      await cursor.advance([bytes]);
      position += bytes.length;
      yield* findRuns(bytes, blockBytes);
    }
    const lengthBytes = hole.endBytes - position;
    await cursor.advance([lengthBytes]);
    position = hole.endBytes;
    if (lengthBytes > 0) yield { kind: 'skip', blocks: lengthBytes / blockBytes };
  }
}

/** The blocks that lie in a hole as a whole. */
function wholeBlocks(holes: readonly Extent[], blockBytes: number): Extent[] {
  return holes
    .map(({ startBytes, endBytes }) => ({
      startBytes: Math.ceil(startBytes / blockBytes) * blockBytes,
      endBytes: Math.floor(endBytes / blockBytes) * blockBytes,
    }))
    .filter(({ startBytes, endBytes }) => endBytes > startBytes);
}

function chunkOf(run: Run | Skip, sourceBytes: number): Chunk {
  return run.kind === 'raw' ? { ...run, sourceBytes } : run;
}
