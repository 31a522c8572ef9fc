import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import type { Faults } from './faults.js';
import { LIVE_PATHS, liveContent } from './live-files.js';
import { sharedController } from './shell/shared-signal.js';
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
  /** Another one after an image of another release was flashed. */
  release: Release;
  /** As root sees them. */
  readonly files: BoardFileSystem;
  faults: Faults;
  bootId: string = randomUUID();
  #bootedAtMs = performance.now();
  #last: Promise<unknown> = Promise.resolve();
  #power = sharedController();
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

  /** Aborts when the board goes down: what runs on it ends. */
  get poweredOff(): AbortSignal {
    return this.#power.signal;
  }

  powerOff(): void {
    this.#power.abort('KILL');
  }

  powerOn(): void {
    this.#power = sharedController();
    this.bootId = randomUUID();
    this.#bootedAtMs = performance.now();
  }

  /** Runs `work` after all earlier ones: package programs hold one lock. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** What `dpkg --configure -a` does: an interruption of dpkg is over. */
  configurePackages(): void {
    if (this.faults.packages !== 'interrupted') return;
    this.faults = Object.fromEntries(Object.entries(this.faults).filter(([name]) => name !== 'packages'));
  }

  /** Makes what is missing of the release's files. */
  async install(): Promise<void> {
    await makeRootTree(this.files, this.release, this.name);
    for (const path of LIVE_PATHS) {
      await this.files.makeDirectories(posix.dirname(path));
      await this.files.writeFile(path, liveContent(this, path) ?? '');
    }
  }

  /** Calls `listener` with the path of every file that a program of the board changed; returns what ends it. */
  onFileChange(listener: (path: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
