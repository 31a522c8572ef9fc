import { pipeline, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { readBuffer } from '../host/read-buffer.js';
import { ARCHIVE_HEAD_BYTES, archiveOf } from '../fastboot/image/archive.js';
import { ImageError, type Image } from '../fastboot/image/image.js';
import { streamImage } from '../fastboot/image/stream-image.js';
import { safeText } from '../device/board-text.js';
import { throwIfAborted } from '../time/deadline.js';
import { MAX_IMAGE_BYTES, type SourceFile } from './image-source.js';

const PIECE_BYTES = 512 * 1024;
const UNPACKED_BYTES = 1024 * 1024;

/** Node has Zstandard from 22.15 on. */
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: (options: zlib.ZlibOptions) => Transform };

const UNPACKERS: Readonly<Partial<Record<string, ((options: zlib.ZlibOptions) => Transform) | undefined>>> = {
  gzip: options => zlib.createGunzip(options),
  zstd: createZstdDecompress,
};

/**
 * A file that is packed on its own, as the image in it: unpacked whenever it is read, with little memory. It is read
 * through once to learn how long the image is.
 * @throws ImageError if this host cannot unpack it, or it is damaged
 */
export async function unpacked(path: string, file: SourceFile, signal?: AbortSignal): Promise<SourceFile> {
  const packed = await file.open();
  const name = path.replace(/\.\w+$/, '');
  const head = readBuffer(Math.min(ARCHIVE_HEAD_BYTES, packed.sizeBytes));
  {
    await using cursor = await packed.open();
    await cursor.advance([head]);
  }
  const archive = archiveOf(head);
  const unpack = archive === undefined ? undefined : UNPACKERS[archive.name];
  if (archive === undefined) return { ...file, open: () => Promise.resolve(packed) };
  if (unpack === undefined) {
    throw new ImageError(
      safeText(path),
      `it is packed with ${archive.name}, which this host cannot unpack on the way`,
      {
        hint: `Unpack it first: \`${archive.unpackWith(path)}\`.`,
      },
    );
  }
  const read = (): AsyncGenerator<Buffer> => unpackedPieces(packed, unpack({ chunkSize: UNPACKED_BYTES }), path);
  let sizeBytes = 0;
  for await (const piece of read()) {
    throwIfAborted(signal);
    sizeBytes += piece.length;
    if (sizeBytes > MAX_IMAGE_BYTES) throw new ImageError(safeText(path), 'it unpacks to more than any board holds');
  }
  const image = streamImage({ name, sizeBytes, read });
  return { sizeBytes, open: () => Promise.resolve(image) };
}

async function* unpackedPieces(packed: Image, unpack: Transform, path: string): AsyncGenerator<Buffer> {
  // An error of one ends the other, and is seen by whoever reads the last.
  const stream = pipeline(piecesOf(packed), unpack, () => undefined);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) yield piece;
  } catch (error) {
    throw new ImageError(safeText(path), 'it cannot be unpacked: it is damaged or incomplete', {
      hint: 'Download it again.',
      cause: error,
    });
  } finally {
    stream.destroy();
  }
}

async function* piecesOf(image: Image): AsyncGenerator<Buffer> {
  await using cursor = await image.open();
  for (let left = image.sizeBytes; left > 0; left -= PIECE_BYTES) {
    const piece = readBuffer(Math.min(left, PIECE_BYTES));
    await cursor.advance([piece]);
    yield piece;
  }
}
