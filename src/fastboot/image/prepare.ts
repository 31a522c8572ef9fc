import { safeText } from '../../device/board-text.js';
import { encodePiece } from '../sparse/encode.js';
import type { ChunkMap } from '../sparse/chunk.js';
import { isSparseImage, readSparseImage } from '../sparse/read.js';
import { scanRawImage } from '../sparse/scan.js';
import { smallestLimit, split, type Piece } from '../sparse/split.js';
import { wholeImage, type Payload } from '../payload.js';
import { ImageError, type Image } from './image.js';
import { paddedImage } from './padded-image.js';

/** What an image has to fit. */
export interface ImagePlace {
  /** As the user knows the partition, for messages. */
  readonly partition: string;
  /** Undefined where the board does not tell it; nothing is compared then. */
  readonly partitionBytes?: number | undefined;
  /** Most that the board takes in one download; undefined is unlimited. */
  readonly limitBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An image that has been read through and fits; nothing about it can fail any more but reading it again. */
export interface PreparedImage {
  /** How it goes to the board. */
  readonly form: 'raw' | 'sparse';
  /** What goes over the wire: the sizes of all payloads together. */
  readonly sentBytes: number;
  /** How much of the partition the image spans. */
  readonly coveredBytes: number;
  readonly payloadCount: number;
  /** One after the other; each is downloaded and flashed by itself. */
  readonly payloads: () => AsyncIterable<Payload>;
}

/** `download:` takes eight hexadecimal digits. */
const MAX_DOWNLOAD_BYTES = 0xffff_ffff;
/** A plan of more chunks than this is not kept in memory but made again while it is sent. */
const MAX_KEPT_CHUNKS = 262_144;
/** Bootloaders write whole sectors of this size. */
const SECTOR_BYTES = 512;

/**
 * Reads an image through, checks all that can be checked before the board is touched, and says how it is to be sent:
 * raw as it is (with zeros up to a whole sector) if the board takes it in one download and gets all of it, else in
 * sparse pieces. Sparse images are written anew, without what bootloaders cannot take: CRC32 chunks, longer headers,
 * bytes behind the end.
 * @throws ImageError
 */
export async function prepareImage(image: Image, place: ImagePlace): Promise<PreparedImage> {
  if (image.sizeBytes === 0) throw new ImageError(image.name, 'it is empty', { hint: 'Download or make it again.' });
  const limitBytes = Math.min(place.limitBytes ?? MAX_DOWNLOAD_BYTES, MAX_DOWNLOAD_BYTES);
  if (image.checkedChunks !== undefined || (await isSparseImage(image))) {
    const map = image.checkedChunks ?? (await readSparseImage(image));
    checkSectors(image, map.blockBytes);
    // Written anew it can only become smaller: if the file fits as it is, there is nothing to split.
    const fits = image.sizeBytes <= limitBytes;
    return await prepareSparse(image, map, { ...place, limitBytes: fits ? Number.POSITIVE_INFINITY : limitBytes });
  }
  const padded = paddedImage(image, SECTOR_BYTES);
  checkCovered(image, padded.sizeBytes, place);
  if (padded.sizeBytes > limitBytes || (padded.holes ?? []).length > 0) {
    return await prepareSparse(padded, scanRawImage(padded, place.signal), { ...place, limitBytes });
  }
  const payload = wholeImage(padded);
  return {
    form: 'raw',
    sentBytes: payload.sizeBytes,
    coveredBytes: payload.sizeBytes,
    payloadCount: 1,
    payloads: () => only(payload),
  };
}

type LimitedPlace = ImagePlace & { readonly limitBytes: number };

async function prepareSparse(image: Image, map: ChunkMap, place: LimitedPlace): Promise<PreparedImage> {
  const { blockBytes, totalBlocks } = map;
  const coveredBytes = blockBytes * totalBlocks;
  checkCovered(image, coveredBytes, place);
  if (place.limitBytes < smallestLimit(blockBytes)) {
    throw new ImageError(image.name, `the board takes only ${String(place.limitBytes)} bytes at a time`, {
      hint: 'That is too little for one block; check `mdt fastboot getvar max-download-size`.',
      facts: { limitBytes: place.limitBytes, blockBytes },
    });
  }
  const plan = await planOf(() => split(map.chunks(), { blockBytes, totalBlocks, limitBytes: place.limitBytes }));
  const payloads = async function* (): AsyncGenerator<Payload> {
    for await (const piece of plan.pieces()) yield encodePiece(image, piece, map);
  };
  return { form: 'sparse', sentBytes: plan.sentBytes, coveredBytes, payloadCount: plan.count, payloads };
}

interface Plan {
  readonly sentBytes: number;
  readonly count: number;
  readonly pieces: () => AsyncIterable<Piece> | Iterable<Piece>;
}

/** Goes through all pieces once, which is what checks an image; they are kept for sending unless they are too many. */
async function planOf(split: () => AsyncIterable<Piece>): Promise<Plan> {
  const kept: Piece[] = [];
  let [sentBytes, count, chunks] = [0, 0, 0];
  for await (const piece of split()) {
    sentBytes += piece.sizeBytes;
    count += 1;
    chunks += piece.chunks.length;
    if (chunks <= MAX_KEPT_CHUNKS) kept.push(piece);
  }
  return { sentBytes, count, pieces: chunks <= MAX_KEPT_CHUNKS ? () => kept : split };
}

async function* only<T>(item: T): AsyncGenerator<T> {
  yield await Promise.resolve(item);
}

function checkSectors(image: Image, blockBytes: number): void {
  if (blockBytes % SECTOR_BYTES === 0) return;
  throw new ImageError(image.name, `its block size of ${String(blockBytes)} bytes is not a multiple of 512`, {
    hint: 'Make it again with blocks of 4096 bytes, as img2simg does.',
    facts: { blockBytes },
  });
}

function checkCovered(image: Image, coveredBytes: number, place: ImagePlace): void {
  const { partition, partitionBytes } = place;
  if (partitionBytes === undefined || coveredBytes <= partitionBytes) return;
  const sizes = `${String(coveredBytes)} bytes, and ${safeText(partition)} has ${String(partitionBytes)}`;
  throw new ImageError(image.name, `it covers ${sizes}`, {
    hint: 'Check that the image is meant for this board and that its partition table is the new one.',
    facts: { coveredBytes, partitionBytes, partition },
  });
}
