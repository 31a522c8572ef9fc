import { createHash } from 'node:crypto';
import { mapBounded } from '../time/concurrency.js';
import { GrowingFile, place, remove } from './local-write.js';
import { joinPath } from './paths.js';
import { differs } from './pull-file.js';
import type { PullContext } from './pull-context.js';
import type { PulledEntry } from './pull-plan.js';
import type { StallWatch } from '../time/stall.js';

const WRITES_AT_ONCE = 16;

interface StagedFile {
  /** Where it is until it is put in place. */
  readonly path: string;
  sizeBytes: number;
  /** SHA-256 in hex, where checksums are wanted. */
  hash: string;
}

/** Files that have arrived and wait, in a folder of their own, to be put in place together. */
export class PullStage {
  readonly #context: PullContext;
  readonly #folder: string;
  readonly #files = new Map<PulledEntry, StagedFile>();
  readonly #writing = new Set<Promise<void>>();
  #count = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: PullContext, folder: string) {
    this.#context = context;
    this.#folder = folder;
  }

  /** Writes a file piece by piece. @throws FileError */
  async write(entry: PulledEntry, content: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    const { checksum, attributesOf } = this.#context;
    const staged = { path: joinPath(this.#folder, String(this.#count++)), sizeBytes: 0, hash: '' };
    this.#files.set(entry, staged);
    const attributes = attributesOf(entry);
    const hash = createHash('sha256');
    const file = await GrowingFile.open(staged.path, attributes.createMode);
    try {
      for await (const part of content) {
        if (checksum) hash.update(part);
        staged.sizeBytes += part.length;
        await file.append(part);
      }
      await file.finish(attributes);
    } finally {
      await file.close();
    }
    if (checksum) staged.hash = hash.digest('hex');
  }

  /** Writes a small file while the next ones arrive. @throws FileError for one of those before */
  async writeSoon(entry: PulledEntry, content: readonly Buffer[]): Promise<void> {
    if (this.#writing.size >= WRITES_AT_ONCE) await Promise.race(this.#writing);
    const writing: Promise<void> = this.write(entry, content)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    this.throwFailure();
  }

  throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Waits for all that is being written. */
  async settle(): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** What has arrived of this file is not it. */
  async drop(entry: PulledEntry): Promise<void> {
    const staged = this.#files.get(entry);
    this.#files.delete(entry);
    if (staged) await remove(staged.path);
  }

  /** Compares all with what is on the board. @throws ProtocolError */
  async compare(watch: StallWatch): Promise<void> {
    const files = [...this.#files].map(([{ source }, { sizeBytes }]) => ({ path: source.slice(1), sizeBytes }));
    const hashes = await this.#context.reader.hashes('/', files, watch);
    for (const [entry, { hash, sizeBytes }] of this.#files) {
      if (hashes.get(entry.source.slice(1)) === hash) continue;
      // Of what the kernel makes up as it is read, each reading is another.
      if (entry.sizeBytes === sizeBytes) throw differs(entry.source);
      this.#context.missing.push({ path: entry.source, reason: 'it changes each time it is read' });
      await this.drop(entry);
    }
  }

  async place(): Promise<void> {
    const { base, tally, statedEmpty } = this.#context;
    await mapBounded([...this.#files], WRITES_AT_ONCE, async ([entry, { path, sizeBytes }]) => {
      if (sizeBytes === 0 && statedEmpty.has(entry)) {
        tally.addUnchanged();
        return;
      }
      await place(path, joinPath(base, entry.target));
      tally.add({ kind: 'file', sizeBytes });
    });
  }
}
