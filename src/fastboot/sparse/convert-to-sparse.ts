import { writeSync, writevSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { readBuffer } from '../../host/read-buffer.js';
import { throwIfAborted } from '../../time/deadline.js';
import { ImageError, type Image } from '../image/image.js';
import { writeOutputFile } from '../image/output-file.js';
import { paddedImage } from '../image/padded-image.js';
import type { FillChunk, Run } from './chunk.js';
import { encodeChunk } from './encode.js';
import { encodeFileHeader, FILE_HEADER_BYTES } from './format.js';
import { canJoin, findRuns } from './runs.js';

const BLOCK_BYTES = 4096;
/** What the caches of a processor hold: what was read is still there when it is looked at and written. */
const BUFFER_BYTES = 128 * 1024;

/** How an image is converted. */
export interface ConvertOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Writes a raw image as a sparse file, as img2simg does, in one pass. The last block is filled up with zeros. */
export async function convertToSparse(image: Image, path: string, options: ConvertOptions = {}): Promise<void> {
  const padded = paddedImage(image, BLOCK_BYTES);
  const totalBlocks = padded.sizeBytes / BLOCK_BYTES;
  if (totalBlocks > 0xffff_ffff) throw new ImageError(image.name, 'it is larger than a sparse image can be');
  await writeOutputFile(path, async file => {
    const writer = new SparseWriter(file);
    await using source = await padded.open();
    const buffer = readBuffer(BUFFER_BYTES);
    for (let left = padded.sizeBytes; left > 0; left -= BUFFER_BYTES) {
      throwIfAborted(options.signal);
      const part = buffer.subarray(0, Math.min(left, BUFFER_BYTES));
      await source.advance([part]);
      writer.write(part);
    }
    writer.finish(totalBlocks);
  });
}

/** Appends chunks as data comes; how many there are is only known at the end, so the file header is written last. */
class SparseWriter {
  readonly #file: FileHandle;
  #positionBytes = FILE_HEADER_BYTES;
  #chunks = 0;
  /** A FILL that the next data may go on with. */
  #open: FillChunk | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** `bytes` are whole blocks, and may be reused afterwards. */
  write(bytes: Buffer): void {
    const parts: Buffer[] = [];
    let start = 0;
    for (const run of findRuns(bytes, BLOCK_BYTES)) {
      const lengthBytes = run.blocks * BLOCK_BYTES;
      this.#push(run, parts);
      if (run.kind === 'raw') parts.push(bytes.subarray(start, start + lengthBytes));
      start += lengthBytes;
    }
    this.#append(parts);
  }

  finish(totalBlocks: number): void {
    const parts: Buffer[] = [];
    this.#close(parts);
    this.#append(parts);
    const header = encodeFileHeader({ blockBytes: BLOCK_BYTES, totalBlocks, totalChunks: this.#chunks });
    writeSync(this.#file.fd, header, 0, header.length, 0);
  }

  #push(run: Run, parts: Buffer[]): void {
    if (this.#open !== undefined && canJoin(this.#open, run)) {
      this.#open = { ...this.#open, blocks: this.#open.blocks + run.blocks };
      return;
    }
    this.#close(parts);
    if (run.kind === 'fill') this.#open = run;
    else this.#encode(run, parts);
  }

  #close(parts: Buffer[]): void {
    if (this.#open !== undefined) this.#encode(this.#open, parts);
    this.#open = undefined;
  }

  #encode(run: Run, parts: Buffer[]): void {
    parts.push(encodeChunk(run, BLOCK_BYTES));
    this.#chunks += 1;
  }

  #append(parts: Buffer[]): void {
    if (parts.length === 0) return;
    const lengthBytes = parts.reduce((sum, part) => sum + part.length, 0);
    const bytesWritten = writevSync(this.#file.fd, parts, this.#positionBytes);
    // A short write is how a disk that is just full shows itself.
    if (bytesWritten < lengthBytes) throw Object.assign(new Error('No space is left.'), { code: 'ENOSPC' });
    this.#positionBytes += lengthBytes;
  }
}
