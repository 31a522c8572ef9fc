import type { Faults } from './faults.js';
import { LIVE_PATHS, liveContent } from './live-files.js';
import type { Release } from './release.js';
import { makeRootTree } from './root-tree.js';
import { Disk } from './storage/disk.js';
import { BoardFileSystem } from './storage/file-system.js';

/** What a program that runs on the board can ask of the board itself. */
export interface BoardControl {
  /** Goes down after the command that asked for it has ended. */
  reboot(into: 'linux' | 'bootloader'): void;
  restartKeymaster(): Promise<void>;
  isKeymasterRunning(): boolean;
}

/** State of one board that its services share. */
export class Board {
  readonly name: string;
  readonly release: Release;
  /** As root sees them. */
  readonly files: BoardFileSystem;
  faults: Faults;
  #bootedAtMs = performance.now();
  readonly #listeners = new Set<(path: string) => void>();

  constructor(options: { name: string; release: Release; rootDir: string; faults: Faults }) {
    this.name = options.name;
    this.release = options.release;
    this.faults = options.faults;
    const disk = new Disk(options.rootDir, () => this.faults);
    this.files = new BoardFileSystem(options.rootDir, disk, {
      isRoot: true,
      onChange: path => {
        for (const listener of this.#listeners) listener(path);
      },
      liveContent: path => liveContent(this, path),
    });
  }

  uptimeS(): number {
    return (performance.now() - this.#bootedAtMs) / 1000;
  }

  restartClock(): void {
    this.#bootedAtMs = performance.now();
  }

  /** Makes what is missing of the release's files. */
  async install(): Promise<void> {
    await makeRootTree(this.files, this.release, this.name);
    for (const path of LIVE_PATHS) await this.files.writeFile(path, liveContent(this, path) ?? '', 0o444);
  }

  /** Calls `listener` with the path of every file that a program of the board changed; returns what ends it. */
  onFileChange(listener: (path: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
