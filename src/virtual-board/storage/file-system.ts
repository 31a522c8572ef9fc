import { constants, type Stats } from 'node:fs';
import * as host from 'node:fs/promises';
import { posix } from 'node:path';
import { BoardFile } from './board-file.js';
import type { Disk } from './disk.js';
import { BoardFileError, errnoOf } from './errno.js';
import { resolveInside, toHostPath } from './jail.js';

/** What the login user may write without sudo; the rest of a board belongs to root. */
const USER_FOLDERS = ['/home/mendel', '/tmp', '/var/tmp', '/dev/shm', '/run/user/1000'];
/** Windows has no such flag; there the check of every component has to do. */
const NO_FOLLOW = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;

export interface OpenOptions {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly append?: boolean;
  readonly create?: boolean;
  readonly truncate?: boolean;
  /** Fails with EEXIST if the file is there. */
  readonly exclusive?: boolean;
  /** Permission bits of a new file; default 0o644. */
  readonly mode?: number;
}

export interface FileSystemOptions {
  readonly isRoot: boolean;
  /** Called with the resolved path of what was written, made, moved or removed. */
  readonly onChange: (path: string) => void;
  /** Content of files that the kernel makes up when they are read, by resolved path. */
  readonly liveContent: (path: string) => string | undefined;
}

/**
 * The board's files: `rootDir` on the host, seen as `/`. Nothing outside it can be reached, whatever the path or the
 * symlinks in it. All methods take absolute paths of the board and throw errors with a `code` (see errno.ts).
 */
export class BoardFileSystem {
  readonly disk: Disk;
  readonly #rootDir: string;
  readonly #options: FileSystemOptions;

  constructor(rootDir: string, disk: Disk, options: FileSystemOptions) {
    this.disk = disk;
    this.#rootDir = rootDir;
    this.#options = options;
  }

  /** The same files as root or as the login user sees them. */
  as(user: 'root' | 'mendel'): BoardFileSystem {
    return new BoardFileSystem(this.#rootDir, this.disk, { ...this.#options, isRoot: user === 'root' });
  }

  /** Whether `path` (resolved) belongs to root, so that others may not change it. */
  isOwnedByRoot(path: string): boolean {
    return !USER_FOLDERS.some(folder => path === folder || path.startsWith(`${folder}/`));
  }

  async realpath(path: string): Promise<string> {
    const resolved = await resolveInside(this.#rootDir, path);
    await host.lstat(this.#host(resolved));
    return resolved;
  }

  /** Where the host has the file, for a program of the host that works for the board. */
  async hostPath(path: string): Promise<string> {
    return this.#host(await resolveInside(this.#rootDir, path));
  }

  async stat(path: string): Promise<Stats> {
    return host.lstat(this.#host(await resolveInside(this.#rootDir, path)));
  }

  async lstat(path: string): Promise<Stats> {
    return host.lstat(this.#host(await this.#resolveLink(path)));
  }

  async exists(path: string): Promise<boolean> {
    try {
      await this.stat(path);
      return true;
    } catch {
      return false;
    }
  }

  /** Names in a folder, sorted by code unit. */
  async readdir(path: string): Promise<string[]> {
    return (await host.readdir(this.#host(await resolveInside(this.#rootDir, path)))).sort();
  }

  async readlink(path: string): Promise<string> {
    return (await host.readlink(this.#host(await this.#resolveLink(path)))).replaceAll('\\', '/');
  }

  async open(path: string, options: OpenOptions): Promise<BoardFile> {
    const resolved = await resolveInside(this.#rootDir, path, { followLast: options.exclusive !== true });
    const writes = options.write === true || options.append === true;
    if (writes) this.#checkMayChange(resolved);
    const hostFile = this.#host(resolved);
    if (!writes) await this.#refresh(resolved);
    const sizeBefore = writes && options.truncate === true ? await sizeOf(hostFile) : 0;
    const handle = await host.open(hostFile, openFlags(options), options.mode ?? 0o644);
    this.disk.shrink(sizeBefore);
    const onWritten = (): void => {
      this.#options.onChange(resolved);
    };
    if (writes && (await handle.stat()).isDirectory()) {
      await handle.close();
      throw new BoardFileError('EISDIR');
    }
    return new BoardFile(handle, this.disk, { path: resolved, append: options.append === true, onWritten });
  }

  async readFile(path: string): Promise<Buffer> {
    await using file = await this.open(path, { read: true });
    const chunks: Buffer[] = [];
    for await (const chunk of file.chunks()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async writeFile(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    await using file = await this.open(path, { write: true, create: true, truncate: true, mode });
    await file.write(typeof content === 'string' ? Buffer.from(content) : content);
  }

  async mkdir(path: string, mode = 0o755): Promise<void> {
    const resolved = await this.#resolveChange(path);
    await host.mkdir(this.#host(resolved), { mode });
    this.#options.onChange(resolved);
  }

  /** Makes the folder and its missing parents. */
  async makeDirectories(path: string, mode = 0o755): Promise<void> {
    try {
      if ((await this.stat(path)).isDirectory()) return;
      throw new BoardFileError('EEXIST');
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || path === '/') throw error;
    }
    await this.makeDirectories(posix.dirname(path), mode);
    await this.mkdir(path, mode);
  }

  async rmdir(path: string): Promise<void> {
    const resolved = await this.#resolveChange(path);
    if (resolved === '/') throw new BoardFileError('EPERM');
    if (!(await host.lstat(this.#host(resolved))).isDirectory()) throw new BoardFileError('ENOTDIR');
    await host.rmdir(this.#host(resolved));
    this.#options.onChange(resolved);
  }

  /** Removes a file or a symlink. @throws BoardFileError EISDIR for a folder */
  async unlink(path: string): Promise<void> {
    const resolved = await this.#resolveChange(path);
    const stats = await host.lstat(this.#host(resolved));
    if (stats.isDirectory()) throw new BoardFileError('EISDIR');
    await host.unlink(this.#host(resolved));
    if (stats.nlink <= 1) this.disk.shrink(stats.size);
    this.#options.onChange(resolved);
  }

  /** Replaces `to` if it is there, as POSIX rename does. */
  async rename(from: string, to: string): Promise<void> {
    const source = await this.#resolveChange(from);
    const target = await this.#resolveChange(to);
    const replaced = await sizeOf(this.#host(target));
    await host.rename(this.#host(source), this.#host(target));
    if (source !== target) this.disk.shrink(replaced);
    this.#options.onChange(source);
    this.#options.onChange(target);
  }

  /** Makes a symlink with exactly this text; it may point anywhere, it is only ever followed inside the board. */
  async symlink(target: string, path: string): Promise<void> {
    if (target.includes('\0') || target === '') throw new BoardFileError('EINVAL');
    await host.symlink(target, this.#host(await this.#resolveChange(path)));
  }

  async link(existing: string, path: string): Promise<void> {
    const source = await this.#resolveLink(existing);
    if ((await host.lstat(this.#host(source))).isDirectory()) throw new BoardFileError('EPERM');
    await host.link(this.#host(source), this.#host(await this.#resolveChange(path)));
  }

  async chmod(path: string, mode: number): Promise<void> {
    const resolved = await resolveInside(this.#rootDir, path);
    this.#checkMayChange(resolved);
    await host.chmod(this.#host(resolved), mode & 0o7777);
  }

  async utimes(path: string, accessedAtS: number, modifiedAtS: number): Promise<void> {
    const resolved = await resolveInside(this.#rootDir, path);
    this.#checkMayChange(resolved);
    await host.lutimes(this.#host(resolved), accessedAtS, modifiedAtS);
  }

  async lutimes(path: string, accessedAtS: number, modifiedAtS: number): Promise<void> {
    await host.lutimes(this.#host(await this.#resolveChange(path)), accessedAtS, modifiedAtS);
  }

  /** Removes whatever is there, folders with all they hold; nothing there is fine. */
  async removeTree(path: string): Promise<void> {
    const stats = await this.lstat(path).catch(() => undefined);
    if (stats === undefined) return;
    if (!stats.isDirectory()) {
      await this.unlink(path);
      return;
    }
    for (const name of await this.readdir(path)) await this.removeTree(posix.join(path, name));
    await this.rmdir(path);
  }

  async #resolveLink(path: string): Promise<string> {
    return resolveInside(this.#rootDir, path, { followLast: path.endsWith('/') });
  }

  async #resolveChange(path: string): Promise<string> {
    const resolved = await resolveInside(this.#rootDir, path, { followLast: false });
    this.#checkMayChange(resolved);
    return resolved;
  }

  async #refresh(resolved: string): Promise<void> {
    const content = this.#options.liveContent(resolved);
    if (content !== undefined) await host.writeFile(this.#host(resolved), content);
  }

  #checkMayChange(resolved: string): void {
    if (!this.#options.isRoot && this.isOwnedByRoot(resolved)) throw new BoardFileError('EACCES');
    this.disk.checkWritable(resolved);
  }

  #host(resolved: string): string {
    return toHostPath(this.#rootDir, resolved);
  }
}

function openFlags(options: OpenOptions): number {
  const writes = options.write === true || options.append === true;
  const access = writes ? (options.read === true ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
  return (
    access |
    NO_FOLLOW |
    (options.append === true ? constants.O_APPEND : 0) |
    (options.create === true ? constants.O_CREAT : 0) |
    (options.truncate === true ? constants.O_TRUNC : 0) |
    (options.exclusive === true ? constants.O_EXCL : 0)
  );
}

async function sizeOf(hostPath: string): Promise<number> {
  const stats = await host.lstat(hostPath).catch(() => undefined);
  return stats?.isFile() === true ? stats.size : 0;
}
