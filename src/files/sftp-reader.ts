import { isRemoteFileError } from '../ssh/sftp-requests.js';
import type { RemoteAttributes, SftpChannel } from '../ssh/sftp.js';
import { mapBounded } from '../time/concurrency.js';
import { throwIfAborted } from '../time/deadline.js';
import type { BoardReader, ContentRange, HashedFile, RemoteEntry } from './board-reader.js';
import { joinPath } from './paths.js';
import { checkName } from './pull-survey.js';
import type { RemoteItem } from './remote-items.js';
import { hashBySftp, readContent } from './sftp-content.js';
import type { StallWatch } from './stall.js';
import type { SymlinkChoice } from './transfer.js';

const AT_ONCE = 16;
const HASHES_AT_ONCE = 4;
const MAX_DEPTH = 200;

/** Reads folder by folder and file by file, many at once, where the board has SFTP alone. */
export class SftpReader implements BoardReader {
  readonly hasScripts = false;
  readonly loops: string[] = [];
  readonly #sftp: SftpChannel;
  readonly #symlinks: SymlinkChoice;
  readonly #signal: AbortSignal | undefined;

  constructor(sftp: SftpChannel, symlinks: SymlinkChoice, signal: AbortSignal | undefined) {
    this.#sftp = sftp;
    this.#symlinks = symlinks;
    this.#signal = signal;
  }

  async tree(paths: readonly string[]): Promise<Map<string, RemoteEntry[]>> {
    const lists = await mapBounded(paths, AT_ONCE, path => this.#below(path));
    return new Map(paths.flatMap((path, index) => (lists[index] ? [[path, lists[index]] as const] : [])));
  }

  async names(path: string): Promise<readonly string[] | undefined> {
    const entries = await this.#sftp.readdir(path).catch((error: unknown) => {
      if (isRemoteFileError(error)) return undefined;
      throw error;
    });
    return entries?.map(entry => entry.name);
  }

  read(path: string, range: ContentRange): AsyncIterable<Buffer> {
    return readContent(this.#sftp, path, range);
  }

  async hash(path: string, length: number, watch?: StallWatch): Promise<string> {
    return hashBySftp(this.#sftp, path, { length, moved: watch?.moved });
  }

  async hashes(folder: string, files: readonly HashedFile[], watch?: StallWatch): Promise<Map<string, string>> {
    const hashes = await mapBounded(files, HASHES_AT_ONCE, file =>
      this.hash(joinPath(folder, file.path), file.sizeBytes, watch),
    );
    return new Map(files.map((file, index) => [file.path, hashes[index] ?? '']));
  }

  /** A symlink named as the root is followed. */
  async #below(root: string): Promise<RemoteEntry[] | undefined> {
    const found = (await this.#sftp.stat(root)) ?? (await this.#sftp.lstat(root));
    if (!found) return undefined;
    const all: RemoteEntry[] = [{ relative: '', item: await this.#item(root, found), isReadable: true }];
    let folders = found.type === 'directory' ? [''] : [];
    for (let depth = 0; folders.length > 0 && depth < MAX_DEPTH; depth++) {
      throwIfAborted(this.#signal);
      const lists = await mapBounded(folders, AT_ONCE, folder => this.#children(root, folder));
      const children = lists.flat();
      all.push(...children);
      folders = children.filter(({ item }) => item.kind === 'directory').map(({ relative }) => relative);
    }
    return all;
  }

  async #children(root: string, folder: string): Promise<RemoteEntry[]> {
    const path = joinPath(root, folder);
    const entries = await this.#sftp.readdir(path);
    // A name that is a path could go through a symlink of the same listing.
    for (const { name } of entries) checkName(name);
    return mapBounded(entries, AT_ONCE, async entry => ({
      relative: joinPath(folder, entry.name),
      item: await this.#item(joinPath(path, entry.name), entry),
      isReadable: true,
    }));
  }

  async #item(path: string, attributes: RemoteAttributes): Promise<RemoteItem> {
    const followed =
      attributes.type === 'symlink' && this.#symlinks === 'follow' ? await this.#follow(path) : undefined;
    const { type, sizeBytes, mode, modifiedAtS } = followed ?? attributes;
    const linkTarget = type === 'symlink' ? await this.#sftp.readlink(path) : '';
    return { kind: type, sizeBytes, mode, modifiedAtS, linkTarget, device: '' };
  }

  /** What a symlink leads to; undefined if to nothing, or to a folder that it is itself inside of. */
  async #follow(path: string): Promise<RemoteAttributes | undefined> {
    const found = await this.#sftp.stat(path).catch(() => undefined);
    if (found?.type !== 'directory') return found;
    const [target, own] = await Promise.all([
      this.#sftp.realpath(path),
      this.#sftp.realpath(path.slice(0, path.lastIndexOf('/')) || '/'),
    ]);
    return own === target || own.startsWith(target === '/' ? '/' : `${target}/`) ? undefined : found;
  }
}
