import { open, rm, type FileHandle } from 'node:fs/promises';
import { DiskFault, type Disk, type Partition } from './disk.js';

const STEP_BYTES = 1024 * 1024;
const SECTOR_BYTES = 512;

/** What the board has downloaded: its memory, as a file, so that a large image costs no memory of the process. */
export class StagedImage implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  /** What was appended and is not in the file yet: packets are small, writing each by itself would be slow. */
  readonly #tail = Buffer.allocUnsafeSlow(STEP_BYTES);
  #tailBytes = 0;
  sizeBytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<StagedImage> {
    return new StagedImage(path, await open(path, 'w+'));
  }

  clear(): void {
    this.sizeBytes = 0;
    this.#tailBytes = 0;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length;) {
      if (this.#tailBytes === STEP_BYTES) await this.#flush();
      const part = bytes.subarray(start, start + STEP_BYTES - this.#tailBytes);
      this.#tail.set(part, this.#tailBytes);
      this.#tailBytes += part.length;
      this.sizeBytes += part.length;
      start += part.length;
    }
  }

  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    await this.#flush();
    const bytes = Buffer.alloc(lengthBytes);
    await this.#file.read(bytes, 0, lengthBytes, offsetBytes);
    return bytes;
  }

  async *steps(offsetBytes: number, lengthBytes: number): AsyncGenerator<Buffer> {
    for (let done = 0; done < lengthBytes; done += STEP_BYTES) {
      yield await this.read(offsetBytes + done, Math.min(STEP_BYTES, lengthBytes - done));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #flush(): Promise<void> {
    await this.#file.write(this.#tail, 0, this.#tailBytes, this.sizeBytes - this.#tailBytes);
    this.#tailBytes = 0;
  }
}

/**
 * Writes what was downloaded as U-Boot does, with its carelessness (drivers/fastboot/fb_mmc.c, lib/image-sparse.c):
 * a sparse file of another major version is taken for raw, the tail of the last sector is what was in memory, sizes are
 * held against the partition chunk by chunk, and the total of the blocks only when all is written.
 */
export async function writeStaged(image: StagedImage, disk: Disk, partition: Partition): Promise<void> {
  if (image.sizeBytes === 0) throw new DiskFault('Expected nonzero image size');
  const header = image.sizeBytes < 28 ? Buffer.alloc(28) : await image.read(0, 28);
  if (header.readUInt32LE(0) === 0xed26ff3a && header.readUInt16LE(4) === 1) {
    await writeSparse(image, disk, { partition, header });
    return;
  }
  let position = 0;
  for await (const step of image.steps(0, image.sizeBytes)) {
    const tail = -step.length & (SECTOR_BYTES - 1);
    const sectors = tail === 0 ? step : Buffer.concat([step, Buffer.alloc(tail, 'stale memory ')]);
    await disk.write(partition, position, sectors);
    position += sectors.length;
  }
}

interface SparseJob {
  readonly partition: Partition;
  readonly header: Buffer;
}

async function writeSparse(image: StagedImage, disk: Disk, { partition, header }: SparseJob): Promise<void> {
  const blockBytes = header.readUInt32LE(12);
  if (blockBytes % SECTOR_BYTES !== 0) throw new DiskFault('sparse image block size issue');
  const chunkHeaderBytes = header.readUInt16LE(10);
  let source = header.readUInt16LE(8);
  let block = 0;
  for (let chunk = header.readUInt32LE(20); chunk > 0; chunk--) {
    const bytes = await image.read(source, chunkHeaderBytes);
    source += chunkHeaderBytes;
    const type = bytes.readUInt16LE(0);
    const blocks = bytes.readUInt32LE(4);
    const offsetBytes = block * blockBytes;
    const lengthBytes = blocks * blockBytes;
    if (type === 0xcac1) {
      if (bytes.readUInt32LE(8) !== chunkHeaderBytes + lengthBytes)
        throw new DiskFault('Bogus chunk size for chunk type Raw');
      let done = 0;
      for await (const step of image.steps(source, lengthBytes)) {
        await disk.write(partition, offsetBytes + done, step);
        done += step.length;
      }
      source += lengthBytes;
    } else if (type === 0xcac2) {
      await disk.fill(partition, offsetBytes, { pattern: await image.read(source, 4), lengthBytes });
      source += 4;
    } else if (type !== 0xcac3) {
      // CRC32 too: U-Boot does not step over its four bytes, and finds no chunk there.
      throw new DiskFault('Unknown chunk type');
    }
    block += blocks;
  }
  if (block !== header.readUInt32LE(16)) throw new DiskFault('sparse image write failure');
}
