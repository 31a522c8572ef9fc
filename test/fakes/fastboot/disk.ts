import { open, type FileHandle } from 'node:fs/promises';

/** A stretch of the disk with a name. */
export interface Partition {
  readonly name: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** Something went wrong that the bootloader tells with FAIL and this text. */
export class DiskFault extends Error {}

const STEP_BYTES = 1024 * 1024;

/** The eMMC of a board as one file, which may be looked at and compared after everything is closed. */
export class Disk implements AsyncDisposable {
  readonly partitions: readonly Partition[];
  readonly #file: FileHandle;

  private constructor(file: FileHandle, partitions: readonly Partition[]) {
    this.#file = file;
    this.partitions = partitions;
  }

  /** Makes a disk of zeros, or of `pattern` over and over, so that what is not written can be told from zeros. */
  static async create(path: string, partitions: readonly Partition[], pattern = '\0'): Promise<Disk> {
    const file = await open(path, 'w+');
    const disk = new Disk(file, partitions);
    const sizeBytes = Math.max(0, ...partitions.map(({ offsetBytes, sizeBytes: size }) => offsetBytes + size));
    await file.truncate(sizeBytes);
    if (pattern !== '\0') await disk.#repeat(Buffer.from(pattern, 'latin1'), 0, sizeBytes);
    return disk;
  }

  /** @throws DiskFault if there is none of that name */
  partition(name: string): Partition {
    const partition = this.partitions.find(candidate => candidate.name === name);
    if (partition === undefined) throw new DiskFault('invalid partition or device');
    return partition;
  }

  async write(partition: Partition, offsetBytes: number, bytes: Uint8Array): Promise<void> {
    this.#check(partition, offsetBytes + bytes.length);
    await this.#file.write(bytes, 0, bytes.length, partition.offsetBytes + offsetBytes);
  }

  async read(partition: Partition, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    this.#check(partition, offsetBytes + lengthBytes);
    const bytes = Buffer.alloc(lengthBytes);
    await this.#file.read(bytes, 0, lengthBytes, partition.offsetBytes + offsetBytes);
    return bytes;
  }

  async fill(
    partition: Partition,
    offsetBytes: number,
    stretch: { pattern: Buffer; lengthBytes: number },
  ): Promise<void> {
    this.#check(partition, offsetBytes + stretch.lengthBytes);
    await this.#repeat(stretch.pattern, partition.offsetBytes + offsetBytes, stretch.lengthBytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  #check(partition: Partition, endBytes: number): void {
    if (endBytes > partition.sizeBytes) throw new DiskFault('too large for partition');
  }

  async #repeat(pattern: Buffer, offsetBytes: number, lengthBytes: number): Promise<void> {
    const step = Buffer.alloc(Math.min(STEP_BYTES, lengthBytes), pattern);
    for (let done = 0; done < lengthBytes; done += step.length) {
      await this.#file.write(step, 0, Math.min(step.length, lengthBytes - done), offsetBytes + done);
    }
  }
}
