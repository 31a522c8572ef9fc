import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Faults } from '../faults.js';
import { BoardFileError } from './errno.js';

/** Size of the /home partition of an Eagle board. */
const DEFAULT_SIZE_BYTES = 2 * 1024 ** 3;

/** How full the board is. Bytes are counted only while a fault bounds the disk: without one the host's disk is the bound. */
export class Disk {
  readonly #rootDir: string;
  readonly #faults: () => Faults;
  /** Bytes in files; known once a bound has been asked for, then kept up by `grow` and `shrink`. */
  #usedBytes: Promise<number> | undefined;

  constructor(rootDir: string, faults: () => Faults) {
    this.#rootDir = rootDir;
    this.#faults = faults;
  }

  get sizeBytes(): number {
    return this.#faults().diskSizeBytes ?? DEFAULT_SIZE_BYTES;
  }

  async usedBytes(): Promise<number> {
    this.#usedBytes ??= treeSize(this.#rootDir);
    return this.#usedBytes;
  }

  get isBounded(): boolean {
    return this.#faults().diskSizeBytes !== undefined;
  }

  /** @throws BoardFileError EROFS while the board, or the folder that `path` is in, is read-only */
  checkWritable(path: string): void {
    const { readOnly, readOnlyFolder } = this.#faults();
    const isBelow = readOnlyFolder !== undefined && `${path}/`.startsWith(`${readOnlyFolder}/`);
    if (readOnly === true || isBelow) throw new BoardFileError('EROFS');
  }

  /** Takes `bytes` more. @throws BoardFileError ENOSPC if that is more than is left */
  async grow(bytes: number): Promise<void> {
    if (bytes <= 0) return;
    if (!this.isBounded) {
      this.#usedBytes = undefined;
      return;
    }
    if ((await this.usedBytes()) + bytes > this.sizeBytes) throw new BoardFileError('ENOSPC');
    this.#add(bytes);
  }

  shrink(bytes: number): void {
    if (this.#usedBytes !== undefined && bytes > 0) this.#add(-bytes);
  }

  #add(bytes: number): void {
    this.#usedBytes = this.#usedBytes?.then(used => Math.max(0, used + bytes));
  }
}

async function treeSize(path: string): Promise<number> {
  const stats = await lstat(path).catch(() => undefined);
  if (!stats?.isDirectory()) return stats?.size ?? 0;
  let total = 0;
  for (const name of await readdir(path).catch(() => [])) total += await treeSize(join(path, name));
  return total;
}
