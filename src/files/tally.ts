import type { TransferSummary } from './transfer.js';

/** What may be put in place. */
export interface Placed {
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly sizeBytes: number;
}

/** Counts what a transfer has put in place. */
export class Tally {
  #files = 0;
  #directories = 0;
  #symlinks = 0;
  #bytes = 0;
  #resumedBytes = 0;
  #unchanged = 0;

  get files(): number {
    return this.#files;
  }

  /** Files that turned out to be here already only when they had been read. */
  get unchanged(): number {
    return this.#unchanged;
  }

  addUnchanged(): void {
    this.#unchanged++;
  }

  add(entry: Placed): void {
    if (entry.kind === 'directory') this.#directories++;
    else if (entry.kind === 'symlink') this.#symlinks++;
    else {
      this.#files++;
      this.#bytes += entry.sizeBytes;
    }
  }

  /** Bytes of an earlier transfer did not have to be sent again. */
  resumed(bytes: number): void {
    this.#resumedBytes += bytes;
  }

  totals(): Pick<TransferSummary, 'files' | 'directories' | 'symlinks' | 'bytes' | 'resumedBytes'> {
    return {
      files: this.#files,
      directories: this.#directories,
      symlinks: this.#symlinks,
      bytes: this.#bytes - this.#resumedBytes,
      resumedBytes: this.#resumedBytes,
    };
  }
}
