/** `preserve`: a symlink stays one. `follow`: what it points to is copied. `skip`: left out, with a message. */
export type SymlinkChoice = 'preserve' | 'follow' | 'skip';

/** How files are copied. */
export interface TransferOptions {
  /** For symlinks inside a folder; one that is itself named as a source is always followed. Default `preserve`. */
  readonly symlinks?: SymlinkChoice;
  /** Continue a large file from the part that an interrupted transfer left, after its content was compared. */
  readonly resume?: boolean;
  /** Compare by SHA-256: to find what is unchanged, instead of size and time, and to confirm what was sent. */
  readonly checksum?: boolean;
  /** Compress on the way where a sample of the data and the speed of the link say that it pays. Default true. */
  readonly compress?: boolean;
  /** Patterns of what is left out (exclude.ts). */
  readonly exclude?: readonly string[];
  /** Keep modes and modification times. Default true. */
  readonly keepAttributes?: boolean;
  /** Check and compare everything, then change nothing. */
  readonly dryRun?: boolean;
  /** Time without a byte confirmed by the other side after which the transfer is given up. Default 30 s. */
  readonly stallTimeoutMs?: number;
}

export const DEFAULT_STALL_TIMEOUT_MS = 30_000;

/** From this size on a file is transferred on its own, and a part of it is kept when it is cut off. */
export const LARGE_FILE_BYTES = 8 * 1024 * 1024;

/**
 * Sources and destination, by these rules (those of `scp -r` and `adb push`, made explicit):
 * - A destination that is a folder, or ends in `/`, takes each source under the source's own name. With a final `/` it
 *   is made if it is missing; its parent must be there.
 * - Otherwise there is one source, and the destination is its new name.
 * - A final `/` on a source changes nothing; `folder/.` means what is in the folder.
 * - A folder that is there already is filled up; what else is in it stays.
 */
export interface TransferRequest {
  readonly sources: readonly string[];
  readonly destination: string;
  readonly options?: TransferOptions;
}

/** Why something was left out, as it reads after its name. */
export const SKIP_REASONS = {
  'special-file': 'it is neither a file, a folder nor a symlink',
  symlink: 'it is a symlink',
  'broken-symlink': 'it is a symlink that leads nowhere or in a circle',
  unfinished: 'it is what a transfer that was cut off has left',
} as const;

/** A file that was left out of a transfer, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: keyof typeof SKIP_REASONS;
}

/** A file that should have been transferred and was not. */
export interface MissingFile {
  readonly path: string;
  /** What the system said of it, such as `Permission denied`; not yet safe to print. */
  readonly reason: string;
}

/** What a transfer did; with `dryRun`, what it would do. */
export interface TransferSummary {
  readonly files: number;
  /** Folders that were made. */
  readonly directories: number;
  readonly symlinks: number;
  /** Content of the files sent, before any compression. */
  readonly bytes: number;
  /** Bytes that a part from an earlier transfer saved. */
  readonly resumedBytes: number;
  /** Files and symlinks that were already there. */
  readonly unchanged: number;
  readonly skipped: readonly SkippedFile[];
  readonly elapsedMs: number;
  /** The paths that the sources ended up under. */
  readonly targets: readonly string[];
}
