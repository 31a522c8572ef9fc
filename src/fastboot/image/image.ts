import { MdtError, type MdtErrorDetails } from '../../errors.js';
import type { ChunkMap } from '../sparse/chunk.js';

/** A stretch of bytes. */
export interface Extent {
  readonly startBytes: number;
  /** The first byte behind it. */
  readonly endBytes: number;
}

/**
 * An image to flash, wherever it is kept. It is read from front to back, as often as needed and never as a whole, so
 * that an entry of a zip can play this role as well as a file.
 */
export interface Image {
  /** As the user knows it, for messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Stretches of a raw image where the board is to keep what it has, in order. Usually none: they read as zeros. */
  readonly holes?: readonly Extent[];
  /** The chunks of a sparse image that has been read through and found whole already, so that it need not be again. */
  readonly checkedChunks?: ChunkMap;
  /** Begins at the first byte. */
  open(): Promise<ImageCursor>;
}

/** A buffer that is filled with the bytes that follow, or a number of bytes to pass over without looking at them. */
export type Step = Uint8Array | number;

/** A place in an image that only moves forward. */
export interface ImageCursor extends AsyncDisposable {
  /** Takes the steps in turn; many at once cost less than one after the other. @throws ImageError if the image ends before */
  advance(steps: readonly Step[]): Promise<void>;
}

/** The image is not what it should be: truncated, of the wrong kind, too large for its place. Nothing was sent. */
export class ImageError extends MdtError {
  constructor(imageName: string, problem: string, details: MdtErrorDetails = {}) {
    super('usage', 'IMAGE', `The image ${imageName} is not usable: ${problem}.`, {
      ...details,
      facts: { ...details.facts, image: imageName },
    });
  }
}

/** The image has fewer bytes than it says or than it had. */
export function endsEarly(imageName: string, positionBytes: number): ImageError {
  return new ImageError(imageName, `it ends before its content does, after ${String(positionBytes)} bytes`, {
    hint: 'Download or copy it again.',
    facts: { positionBytes },
  });
}
