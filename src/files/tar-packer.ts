import { createHash, type Hash } from 'node:crypto';
import { readChunks, readWhole } from './local-read.js';
import { contentBytes, stampOf, type PlannedEntry } from './push-plan.js';
import { encodeTarHeader, tarPadding, TAR_END, writeTarHeader, type TarEntry } from './tar.js';

const CHUNK_BYTES = 256 * 1024;
/** Files up to this size are read whole, into the chunk that they are sent in. */
const SMALL_FILE_BYTES = 256 * 1024;
/** Room for a header with all its records: a path on Linux has 4 KiB at most, one on Windows 32,767 characters. */
const HEADERS_BYTES = 128 * 1024;
const OWNER_MAY_ALL = 0o700;

/** A file of which the content has left this host, and where in the archive it ends. */
export interface PackedFile {
  readonly entry: PlannedEntry;
  readonly archiveEnd: number;
}

export interface PackerOptions {
  /** Put before every name. */
  readonly folder: string;
  readonly checksum: boolean;
  readonly nowS: number;
}

/** Turns entries into an archive, chunk by chunk, and keeps count of what went in. */
export class TarPacker {
  /** Files of the current batch. */
  packed: PackedFile[] = [];
  /** SHA-256 of each file of the current batch, in hex, where checksums were asked for. */
  hashes = new Map<PlannedEntry, string>();
  readonly #entries: readonly PlannedEntry[];
  readonly #options: PackerOptions;
  #next = 0;
  #batchStart = 0;
  #archiveBytes = 0;
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES + SMALL_FILE_BYTES + HEADERS_BYTES);
  #filled = 0;

  constructor(entries: readonly PlannedEntry[], options: PackerOptions) {
    this.#entries = entries;
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#next >= this.#entries.length;
  }

  /** What the current batch holds so far. */
  get batch(): readonly PlannedEntry[] {
    return this.#entries.slice(this.#batchStart, this.#next);
  }

  /** Content that is not packed yet. */
  get bytesLeft(): number {
    return contentBytes(this.#entries.slice(this.#next));
  }

  startBatch(): void {
    this.#batchStart = this.#next;
    this.packed = [];
    this.hashes = new Map();
  }

  /**
   * Packs entries until `limitBytes` of archive are full or there are no more. A piece is good until the next is asked
   * for: all are made in one place, since fresh memory for each takes the system longer than filling it.
   */
  async *pack(limitBytes: number): AsyncGenerator<Buffer> {
    const end = this.#archiveBytes + limitBytes;
    for (let entry = this.#entries[this.#next]; entry && this.#archiveBytes < end; entry = this.#entries[this.#next]) {
      this.#next++;
      this.#addHeader(entry);
      if (entry.kind === 'file') {
        if (entry.sizeBytes > SMALL_FILE_BYTES) yield* this.#addLarge(entry);
        else this.#addSmall(entry);
      }
      // In whole pieces: what is over would be a packet of its own.
      while (this.#filled >= CHUNK_BYTES) {
        yield this.#chunk.subarray(0, CHUNK_BYTES);
        this.#chunk.copyWithin(0, CHUNK_BYTES, this.#filled);
        this.#filled -= CHUNK_BYTES;
      }
    }
    yield* this.#rest();
  }

  /** Ends what was packed so far as an archive, together with `extra` files (name and content). */
  end(extra: readonly (readonly [name: string, content: Buffer])[]): Buffer {
    const parts = extra.flatMap(([name, content]) => {
      const sizeBytes = content.length;
      const entry = { kind: 'file', name, sizeBytes, mode: 0o600, modifiedAtS: 0, linkTarget: '' } as const;
      return [encodeTarHeader(entry), content, Buffer.alloc(tarPadding(sizeBytes))];
    });
    this.#archiveBytes = 0;
    return Buffer.concat([...parts, TAR_END]);
  }

  #addHeader(entry: PlannedEntry): void {
    const isFolder = entry.kind === 'directory';
    // Named one by one: copying what an entry has beside these takes longer than all of the header.
    const tarEntry: TarEntry = {
      kind: entry.kind,
      name: `${this.#options.folder}${entry.target}`,
      linkTarget: entry.linkTarget,
      // A folder gets its own mode when everything is in it.
      mode: isFolder ? entry.mode | OWNER_MAY_ALL : entry.mode,
      sizeBytes: entry.kind === 'file' ? entry.sizeBytes : 0,
      modifiedAtS: stampOf(entry, this.#options.nowS),
    };
    this.#advance(writeTarHeader(this.#chunk, this.#filled, tarEntry) - this.#filled);
  }

  #addSmall(entry: PlannedEntry): void {
    const start = this.#filled;
    readWhole(entry, this.#chunk, start);
    this.#advance(entry.sizeBytes);
    if (this.#options.checksum)
      this.#keepHash(entry, createHash('sha256').update(this.#chunk.subarray(start, this.#filled)));
    this.#endFile(entry);
  }

  async *#addLarge(entry: PlannedEntry): AsyncGenerator<Buffer> {
    yield* this.#rest();
    const hash = this.#options.checksum ? createHash('sha256') : undefined;
    for await (const chunk of readChunks(entry)) {
      hash?.update(chunk);
      this.#archiveBytes += chunk.length;
      yield chunk;
    }
    if (hash) this.#keepHash(entry, hash);
    this.#endFile(entry);
  }

  #endFile(entry: PlannedEntry): void {
    const padding = tarPadding(entry.sizeBytes);
    if (padding > 0) {
      this.#chunk.fill(0, this.#filled, this.#filled + padding);
      this.#advance(padding);
    }
    this.packed.push({ entry, archiveEnd: this.#archiveBytes });
  }

  #keepHash(entry: PlannedEntry, hash: Hash): void {
    this.hashes.set(entry, hash.digest('hex'));
  }

  #advance(bytes: number): void {
    this.#filled += bytes;
    this.#archiveBytes += bytes;
  }

  *#rest(): Generator<Buffer> {
    if (this.#filled > 0) yield this.#chunk.subarray(0, this.#filled);
    this.#filled = 0;
  }
}
