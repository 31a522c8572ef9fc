import { constants, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

const STEP_BYTES = 1024 * 1024;

/**
 * One area of the eMMC as a file of the host, full of holes: what was never written takes no room. It remembers where
 * something was written, so that erasing the rest costs nothing.
 */
export class Area implements AsyncDisposable {
  readonly path: string;
  readonly sizeBytes: number;
  /** Made just now, all zeros. */
  readonly isNew: boolean;
  readonly #file: FileHandle;
  /** Steps that may hold something; undefined if all may. */
  readonly #written: Set<number> | undefined;

  private constructor(file: FileHandle, place: { path: string; sizeBytes: number; isNew: boolean }) {
    this.#file = file;
    this.path = place.path;
    this.sizeBytes = place.sizeBytes;
    this.isNew = place.isNew;
    this.#written = place.isNew ? new Set() : undefined;
  }

  /** Opens the file, or makes one of zeros. */
  static async open(path: string, sizeBytes: number): Promise<Area> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const isNew = (await file.stat()).size === 0;
    if (isNew) await file.truncate(sizeBytes);
    return new Area(file, { path, sizeBytes, isNew });
  }

  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    const bytes = Buffer.alloc(lengthBytes);
    await this.#file.read(bytes, 0, lengthBytes, offsetBytes);
    return bytes;
  }

  /** At once: the file stays in the memory of the host (see DownloadMemory). */
  write(offsetBytes: number, bytes: Uint8Array): void {
    if (this.#written !== undefined) {
      const last = Math.floor((offsetBytes + bytes.length - 1) / STEP_BYTES);
      for (let step = Math.floor(offsetBytes / STEP_BYTES); step <= last; step++) this.#written.add(step);
    }
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#file.fd, bytes, done, bytes.length - done, offsetBytes + done);
    }
  }

  /** Writes `pattern` over and over. */
  async fill(offsetBytes: number, lengthBytes: number, pattern: Uint8Array): Promise<void> {
    if (pattern.every(byte => byte === 0)) {
      await this.#zero(offsetBytes, lengthBytes);
      return;
    }
    const step = Buffer.alloc(Math.min(STEP_BYTES, lengthBytes), pattern);
    for (let done = 0; done < lengthBytes; done += step.length) {
      this.write(offsetBytes + done, step.subarray(0, lengthBytes - done));
      await setImmediate();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #zero(offsetBytes: number, lengthBytes: number): Promise<void> {
    const zeros = Buffer.alloc(STEP_BYTES);
    for (let at = offsetBytes; at < offsetBytes + lengthBytes;) {
      const step = Math.floor(at / STEP_BYTES);
      const end = Math.min((step + 1) * STEP_BYTES, offsetBytes + lengthBytes);
      if (this.#written?.has(step) ?? !(await this.#isZero(at, end - at))) {
        this.write(at, zeros.subarray(0, end - at));
        await setImmediate();
      }
      if (end - at === STEP_BYTES) this.#written?.delete(step);
      at = end;
    }
  }

  async #isZero(offsetBytes: number, lengthBytes: number): Promise<boolean> {
    return (await this.read(offsetBytes, lengthBytes)).every(byte => byte === 0);
  }
}
