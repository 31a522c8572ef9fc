import type { FileHandle } from 'node:fs/promises';
import { readBuffer } from '../../host/read-buffer.js';
import { throwIfAborted } from '../../time/deadline.js';
import type { Image, ImageCursor } from '../image/image.js';
import { writeOutputFile } from '../image/output-file.js';
import type { Chunk } from './chunk.js';
import type { ConvertOptions } from './convert-to-sparse.js';
import { readSparseImage, type SparseImage } from './read.js';

const BUFFER_BYTES = 1024 * 1024;

/** Writes a sparse image as a raw file, as simg2img does. What the image does not care for reads as zeros. */
export async function convertToRaw(image: Image, path: string, options: ConvertOptions = {}): Promise<void> {
  const sparse = await readSparseImage(image);
  await writeOutputFile(path, async file => {
    await using source = await image.open();
    const writer = new RawWriter(sparse, source, file);
    for await (const chunk of sparse.chunks()) {
      throwIfAborted(options.signal);
      await writer.write(chunk);
    }
    await file.truncate(sparse.totalBlocks * sparse.blockBytes);
  });
}

class RawWriter {
  readonly #blockBytes: number;
  readonly #source: ImageCursor;
  readonly #file: FileHandle;
  readonly #buffer = readBuffer(BUFFER_BYTES);
  #sourceBytes = 0;
  #positionBytes = 0;

  constructor(sparse: SparseImage, source: ImageCursor, file: FileHandle) {
    this.#blockBytes = sparse.blockBytes;
    this.#source = source;
    this.#file = file;
  }

  async write(chunk: Chunk): Promise<void> {
    const lengthBytes = chunk.blocks * this.#blockBytes;
    // What is not written in a new file is zeros already.
    if (chunk.kind === 'raw') await this.#writeRaw(chunk.sourceBytes, lengthBytes);
    else if (chunk.kind === 'fill' && chunk.word !== 0) await this.#writeFill(chunk.word, lengthBytes);
    else this.#positionBytes += lengthBytes;
  }

  async #writeRaw(sourceBytes: number, lengthBytes: number): Promise<void> {
    await this.#source.advance([sourceBytes - this.#sourceBytes]);
    this.#sourceBytes = sourceBytes + lengthBytes;
    for (let left = lengthBytes; left > 0; left -= BUFFER_BYTES) {
      const part = this.#buffer.subarray(0, Math.min(left, BUFFER_BYTES));
      await this.#source.advance([part]);
      await this.#append(part);
    }
  }

  async #writeFill(word: number, lengthBytes: number): Promise<void> {
    const pattern = Buffer.alloc(4);
    pattern.writeUInt32LE(word);
    const filled = this.#buffer.subarray(0, Math.min(lengthBytes, BUFFER_BYTES)).fill(pattern);
    for (let left = lengthBytes; left > 0; left -= BUFFER_BYTES) {
      await this.#append(filled.subarray(0, Math.min(left, BUFFER_BYTES)));
    }
  }

  async #append(bytes: Buffer): Promise<void> {
    for (let start = 0; start < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, start, bytes.length - start, this.#positionBytes);
      start += bytesWritten;
      this.#positionBytes += bytesWritten;
    }
  }
}
