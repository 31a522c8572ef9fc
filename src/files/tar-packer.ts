import { createHash } from 'node:crypto';
import { readChunks, readWhole } from './local-read.js';
import { contentBytes, stampOf, type PlannedEntry } from './push-plan.js';
import { encodeTarHeader, tarPadding, TAR_END, type TarEntry } from './tar.js';

const CHUNK_BYTES = 256 * 1024;
/** Files up to this size are read whole, several ahead of the one that is being packed. */
const SMALL_FILE_BYTES = 256 * 1024;
const READ_AHEAD = 24;
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
  readonly #reading = new Map<number, Promise<Buffer>>();
  #next = 0;
  #batchStart = 0;
  #readTo = 0;
  #archiveBytes = 0;
  #parts: Buffer[] = [];
  #partsBytes = 0;

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
      const index = this.#next++;
      this.#add(this.#header(entry));
      if (entry.kind === 'file') yield* this.#content(entry, index);
      if (this.#partsBytes >= CHUNK_BYTES) yield this.#flush();
    }
    if (this.#partsBytes > 0) yield this.#flush();
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
      this.#add(Buffer.alloc(tarPadding(content.length)));
    }
    this.#add(TAR_END);
    this.#archiveBytes = 0;
    return this.#flush();
  }

  async *#content(entry: PlannedEntry, index: number): AsyncGenerator<Buffer> {
    const hash = this.#options.checksum ? createHash('sha256') : undefined;
    if (entry.sizeBytes <= SMALL_FILE_BYTES) {
      const content = await this.#small(index);
      hash?.update(content);
      this.#add(content);
    } else {
      for await (const chunk of readChunks(entry)) {
        hash?.update(chunk);
        this.#add(chunk);
        yield this.#flush();
      }
    }
    this.#add(Buffer.alloc(tarPadding(entry.sizeBytes)));
    this.packed.push({ entry, archiveEnd: this.#archiveBytes });
    if (hash) this.hashes.set(entry, hash.digest('hex'));
  }

  /** The content of a small file, after starting to read the ones that follow it. */
  async #small(index: number): Promise<Buffer> {
    for (this.#readTo = Math.max(this.#readTo, index); this.#readTo < index + READ_AHEAD; this.#readTo++) {
      const entry = this.#entries[this.#readTo];
      if (entry?.kind !== 'file' || entry.sizeBytes > SMALL_FILE_BYTES) continue;
      const reading = readWhole(entry);
      // It is awaited in its turn, or not at all if packing stops before.
      reading.catch(() => undefined);
      this.#reading.set(this.#readTo, reading);
    }
    const content = await this.#reading.get(index);
    this.#reading.delete(index);
    if (!content) throw new Error('A file was packed twice.');
    return content;
  }

  #header(entry: PlannedEntry): Buffer {
    const isFolder = entry.kind === 'directory';
    const tarEntry: TarEntry = {
      ...entry,
      name: `${this.#options.folder}${entry.target}`,
      // A folder gets its own mode when everything is in it.
      mode: isFolder ? entry.mode | OWNER_MAY_ALL : entry.mode,
      sizeBytes: entry.kind === 'file' ? entry.sizeBytes : 0,
      modifiedAtS: stampOf(entry, this.#options.nowS),
    };
    return encodeTarHeader(tarEntry);
  }

  #add(part: Buffer): void {
    this.#parts.push(part);
    this.#partsBytes += part.length;
    this.#archiveBytes += part.length;
  }

  #flush(): Buffer {
    const chunk = Buffer.concat(this.#parts, this.#partsBytes);
    this.#parts = [];
    this.#partsBytes = 0;
    return chunk;
  }
}
