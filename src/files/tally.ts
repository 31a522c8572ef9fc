import type { SkippedFile, TransferSummary } from './transfer.js';

interface Placed {
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly sizeBytes: number;
}

/** Counts what a transfer has put in place. */
export class Tally {
  readonly #startedAtMs = performance.now();
  #files = 0;
  #directories = 0;
  #symlinks = 0;
  #bytes = 0;
  #resumedBytes = 0;

  get files(): number {
    return this.#files;
  }

  add(entry: Placed): void {
    if (entry.kind === 'directory') this.#directories++;
    else if (entry.kind === 'symlink') this.#symlinks++;
    else {
      this.#files++;
      this.#bytes += entry.sizeBytes;
    }
  }

  resumed(bytes: number): void {
    this.#resumedBytes += bytes;
  }

  summary(rest: {
    readonly unchanged: number;
    readonly skipped: readonly SkippedFile[];
    readonly targets: readonly string[];
  }): TransferSummary {
    return {
      files: this.#files,
      directories: this.#directories,
      symlinks: this.#symlinks,
      bytes: this.#bytes - this.#resumedBytes,
      resumedBytes: this.#resumedBytes,
      ...rest,
      elapsedMs: Math.round(performance.now() - this.#startedAtMs),
    };
  }
}
