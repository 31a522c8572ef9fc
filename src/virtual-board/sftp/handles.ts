import { BoardFileError } from '../storage/errno.js';
import type { BoardFile } from '../storage/board-file.js';

/** A folder that a client lists: the names it has not been given yet. */
export interface FolderListing {
  readonly path: string;
  readonly names: string[];
}

const MAX_HANDLES = 512;

/** What a client of SFTP has open. */
export class Handles implements AsyncDisposable {
  readonly #open = new Map<number, BoardFile | FolderListing>();
  #next = 0;

  /** @throws BoardFileError EBADF if too many are open */
  add(item: BoardFile | FolderListing): Buffer {
    if (this.#open.size >= MAX_HANDLES) throw new BoardFileError('EBADF');
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(this.#next);
    this.#open.set(this.#next++, item);
    return handle;
  }

  file(handle: Buffer): BoardFile {
    const item = this.#get(handle);
    if ('names' in item) throw new BoardFileError('EBADF');
    return item;
  }

  folder(handle: Buffer): FolderListing {
    const item = this.#get(handle);
    if (!('names' in item)) throw new BoardFileError('EBADF');
    return item;
  }

  async close(handle: Buffer): Promise<void> {
    const item = this.#get(handle);
    this.#open.delete(handle.readUInt32BE(0));
    if (!('names' in item)) await item.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const item of this.#open.values()) if (!('names' in item)) await item.close().catch(() => undefined);
    this.#open.clear();
  }

  #get(handle: Buffer): BoardFile | FolderListing {
    const item = handle.length === 4 ? this.#open.get(handle.readUInt32BE(0)) : undefined;
    if (item === undefined) throw new BoardFileError('EBADF');
    return item;
  }
}
