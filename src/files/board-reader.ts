import type { RemoteItem } from './remote-items.js';
import type { StallWatch } from './stall.js';

/** Something at or below a path on the board. */
export interface RemoteEntry {
  /** Below the path; empty for the path itself. */
  readonly relative: string;
  readonly item: RemoteItem;
  readonly isReadable: boolean;
}

export interface ContentRange {
  readonly position: number;
  readonly end: number;
  readonly signal: AbortSignal;
}

export interface HashedFile {
  /** Relative to the folder. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** How a board is asked what it has: by scripts, which is quick and keeps every byte of a name, or by SFTP. */
export interface BoardReader {
  readonly hasScripts: boolean;
  /** Symlinks that lead in a circle, met by `tree`. */
  readonly loops: readonly string[];
  /** Everything at and below the paths, folders before what they hold; paths that are not there are absent. */
  tree(paths: readonly string[]): Promise<Map<string, RemoteEntry[]>>;
  /** Names in a folder, undefined if it is none. */
  names(path: string): Promise<readonly string[] | undefined>;
  /** Content of a file from `position` to `end`; ends early where the file does. */
  read(path: string, range: ContentRange): AsyncIterable<Buffer>;
  /** SHA-256 of the first `length` bytes of a file, in hex. Inside a stall watch, that must hear of it. */
  hash(path: string, length: number, watch?: StallWatch): Promise<string>;
  /** SHA-256 of whole files, in hex, by path relative to `folder`; what could not be read is absent. */
  hashes(folder: string, files: readonly HashedFile[], watch?: StallWatch): Promise<Map<string, string>>;
}
