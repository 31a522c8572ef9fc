import { createHash } from 'node:crypto';
import { readChunks, readWhole } from './local-read.js';
import { contentBytes, stampOf, type PlannedEntry } from './push-plan.js';
import { encodeTarHeader, tarPadding, TAR_END, type TarEntry } from './tar.js';

const CHUNK_BYTES = 256 * 1024;
/** Files up to this size are read whole, into the chunk that they are sent in. */
const SMALL_FILE_BYTES = 256 * 1024;
const HEADERS_BYTES = 64 * 1024;
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
  #chunk = newChunk();
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

  /** Packs entries until `limitBytes` of archive are full or there are no more. */
  async *pack(limitBytes: number): AsyncGenerator<Buffer> {
    const end = this.#archiveBytes + limitBytes;
    for (let entry = this.#entries[this.#next]; entry && this.#archiveBytes < end; entry = this.#entries[this.#next]) {
      this.#next++;
      this.#add(this.#header(entry));
      if (entry.kind === 'file') yield* this.#content(entry);
      if (this.#filled >= CHUNK_BYTES) yield this.#flush();
    }
    if (this.#filled > 0) yield this.#flush();
  }

  /** Ends what was packed so far as an archive, together with `extra` files (name and content). */
  end(extra: readonly (readonly [name: string, content: Buffer])[]): Buffer {
    for (const [name, content] of extra) {
      const entry = {
        kind: 'file',
        name,
        sizeBytes: content.length,
        mode: 0o600,
        modifiedAtS: 0,
        linkTarget: '',
      } as const;
      this.#add(encodeTarHeader(entry));
      this.#add(content);
      this.#pad(content.length);
    }
    this.#add(TAR_END);
    this.#archiveBytes = 0;
    return this.#flush();
  }

  async *#content(entry: PlannedEntry): AsyncGenerator<Buffer> {
    const hash = this.#options.checksum ? createHash('sha256') : undefined;
    if (entry.sizeBytes <= SMALL_FILE_BYTES) {
      const content = this.#room(entry.sizeBytes);
      readWhole(entry, content);
      hash?.update(content);
    } else {
      if (this.#filled > 0) yield this.#flush();
      for await (const chunk of readChunks(entry)) {
        hash?.update(chunk);
        this.#archiveBytes += chunk.length;
        yield chunk;
      }
    }
    this.#pad(entry.sizeBytes);
    this.packed.push({ entry, archiveEnd: this.#archiveBytes });
    if (hash) this.hashes.set(entry, hash.digest('hex'));
  }

  #header(entry: PlannedEntry): Buffer {
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
    return encodeTarHeader(tarEntry);
  }

  #add(part: Buffer): void {
    part.copy(this.#room(part.length));
  }

  #pad(sizeBytes: number): void {
    this.#room(tarPadding(sizeBytes)).fill(0);
  }

  /** The next part of the current chunk, to be filled at once. */
  #room(bytes: number): Buffer {
    const start = this.#filled;
    this.#filled += bytes;
    this.#archiveBytes += bytes;
    if (this.#filled > this.#chunk.length) this.#chunk = Buffer.concat([this.#chunk], this.#filled * 2);
    return this.#chunk.subarray(start, this.#filled);
  }

  #flush(): Buffer {
    const chunk = this.#chunk.subarray(0, this.#filled);
    this.#chunk = newChunk();
    this.#filled = 0;
    return chunk;
  }
}

function newChunk(): Buffer {
  return Buffer.allocUnsafeSlow(CHUNK_BYTES + SMALL_FILE_BYTES + HEADERS_BYTES);
}
