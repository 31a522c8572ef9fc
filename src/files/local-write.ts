import { randomBytes } from 'node:crypto';
import { close, constants, fchmod, fstat, ftruncate, futimes, open, write, type Stats } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readdir, rename, rm, symlink, unlink, utimes } from 'node:fs/promises';
import { promisify } from 'node:util';
import { FileError, MdtError, PermissionError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { noSpace } from './board-failure.js';
import { encodeName, hostPath } from '../remote/names.js';
import { joinPath, splitTarget } from './paths.js';

// As in local-tree.ts: for many small calls these take a third of the time of node:fs/promises.
const fs = {
  close: promisify(close),
  fchmod: promisify(fchmod),
  fstat: promisify(fstat) as (fd: number) => Promise<Stats>,
  ftruncate: promisify(ftruncate),
  futimes: promisify(futimes),
  open: promisify(open) as (path: string | Buffer, flags: string | number, mode: number) => Promise<number>,
  write: promisify(write) as (
    fd: number,
    data: Buffer,
    options: { position: number },
  ) => Promise<{ bytesWritten: number }>,
};

export interface LocalAttributes {
  /** Undefined where modes are not kept. */
  readonly mode: number | undefined;
  readonly modifiedAtS: number | undefined;
  /** Of a file while it is written. */
  readonly createMode: number;
}

/** What is at a path of this host, symlinks not followed; undefined if there is nothing. @throws FileError */
export async function lookAt(path: string): Promise<Stats | undefined> {
  return lstat(hostPath(path)).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw localFailure(error, path);
  });
}

/** Names of what is in a folder of this host; those that are no UTF-8 are not told right. @throws FileError */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(hostPath(folder)).catch((error: unknown) => {
    throw localFailure(error, folder);
  });
}

/** Windows has no such flag, and needs more than a usual user's rights for a symlink. */
const CONTINUE = constants.O_RDWR | ((constants as Partial<typeof constants>).O_NOFOLLOW ?? 0);
/** Content that is gathered before it goes to the file system, while the next is on its way. */
const FLUSH_BYTES = 512 * 1024;

/** A file of this host that is being written under a name of its own. */
export class GrowingFile {
  readonly #fd: number;
  readonly #path: string;
  #position: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #endsInHole = false;
  #flushing: Promise<void> = Promise.resolve();

  private constructor(fd: number, path: string, position: number) {
    this.#fd = fd;
    this.#path = path;
    this.#position = position;
  }

  /**
   * Makes a new file, where nothing may be yet, or opens one that is continued at `position`, with what is behind that
   * cut off. Neither goes through a symlink: the board may have had it made. @throws FileError
   */
  static async open(path: string, createMode: number, position = 0): Promise<GrowingFile> {
    try {
      const fd = await fs.open(hostPath(path), position > 0 ? CONTINUE : 'wx', createMode);
      const file = new GrowingFile(fd, path, position);
      if (position > 0) await file.#cutAt(position);
      return file;
    } catch (error) {
      throw localFailure(error, path);
    }
  }

  /** Resolves when there is room for more; the content may not be in the file yet. @throws FileError */
  async append(content: Buffer): Promise<void> {
    this.#endsInHole = false;
    this.#waiting.push(content);
    this.#waitingBytes += content.length;
    if (this.#waitingBytes < FLUSH_BYTES) return;
    await this.#flushing;
    this.#flushing = this.#flush();
    // It is awaited before the next one and at the end.
    this.#flushing.catch(() => undefined);
  }

  /** Leaves a hole, which is read as zeros and takes no space. @throws FileError */
  async skip(bytes: number): Promise<void> {
    await this.#flushing;
    await this.#flush();
    this.#position += bytes;
    this.#endsInHole = true;
  }

  /** Writes what is left, sets mode and time. @throws FileError */
  async finish(attributes: LocalAttributes): Promise<void> {
    await this.#flushing;
    await this.#flush();
    try {
      if (this.#endsInHole) await fs.ftruncate(this.#fd, this.#position);
      if (attributes.mode !== undefined) await fs.fchmod(this.#fd, attributes.mode);
      const { modifiedAtS } = attributes;
      if (modifiedAtS !== undefined) await fs.futimes(this.#fd, modifiedAtS, modifiedAtS);
    } catch (error) {
      throw localFailure(error, this.#path);
    }
  }

  async close(): Promise<void> {
    await this.#flushing.catch(() => undefined);
    await fs.close(this.#fd);
  }

  async #cutAt(position: number): Promise<void> {
    try {
      if (!(await fs.fstat(this.#fd)).isFile()) {
        throw new FileError(`${safeText(this.#path)} is not a file.`, { facts: { path: this.#path } });
      }
      await fs.ftruncate(this.#fd, position);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #flush(): Promise<void> {
    const content = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting, this.#waitingBytes);
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      for (let left = content; left && left.length > 0;) {
        const { bytesWritten } = await fs.write(this.#fd, left, { position: this.#position });
        this.#position += bytesWritten;
        left = left.subarray(bytesWritten);
      }
    } catch (error) {
      throw localFailure(error, this.#path);
    }
  }
}

/**
 * Renames over what is there. Where that is on another file system, as below a mount point, it is copied to a name beside
 * its place first. @throws FileError
 */
export async function place(from: string, to: string): Promise<void> {
  try {
    await rename(hostPath(from), hostPath(to)).catch(async (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      await placeCopy(from, to);
    });
  } catch (error) {
    throw localFailure(error, to);
  }
}

async function placeCopy(from: string, to: string): Promise<void> {
  const beside = joinPath(splitTarget(to).folder || '/', `.mdt-${randomBytes(8).toString('hex')}.tmp`);
  try {
    await copyFile(hostPath(from), hostPath(beside), constants.COPYFILE_EXCL);
    const { atime, mtime } = await lstat(hostPath(from));
    await utimes(hostPath(beside), atime, mtime);
    await rename(hostPath(beside), hostPath(to));
  } catch (error) {
    await remove(beside);
    throw error;
  }
  await remove(from);
}

export async function makeFolder(path: string, mode: number): Promise<void> {
  await mkdir(hostPath(path), { mode }).catch((error: unknown) => {
    throw localFailure(error, path);
  });
}

export async function makeSymlink(target: string, path: string): Promise<void> {
  const content = process.platform === 'win32' ? target : encodeName(target);
  await symlink(content, hostPath(path)).catch((error: unknown) => {
    throw localFailure(error, path);
  });
}

export async function setAttributes(path: string, attributes: LocalAttributes): Promise<void> {
  try {
    if (attributes.mode !== undefined) await chmod(hostPath(path), attributes.mode);
    if (attributes.modifiedAtS !== undefined) {
      await utimes(hostPath(path), attributes.modifiedAtS, attributes.modifiedAtS);
    }
  } catch (error) {
    throw localFailure(error, path);
  }
}

/** Takes away a file or symlink that may be in the way of a new one; a folder is left. @throws FileError */
export async function removeFile(path: string): Promise<void> {
  await unlink(hostPath(path)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw localFailure(error, path);
  });
}

export async function remove(path: string): Promise<void> {
  await rm(hostPath(path), { recursive: true, force: true });
}

/** The error for what this host's file system said. */
export function localFailure(error: unknown, path: string): Error {
  if (error instanceof MdtError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const details = { cause: error, facts: { path, reason: code } };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return noSpace({ path, cause: error }, 'this host');
    case 'EACCES':
    case 'EPERM':
      return new PermissionError(`${safeText(path)} may not be written.`, {
        ...details,
        hint: 'Choose another folder, or change its permissions.',
      });
    case 'EROFS':
      return new FileError(`${safeText(path)} cannot be written: its file system is read-only.`, {
        ...details,
        hint: 'Choose another folder.',
      });
    case 'ENAMETOOLONG':
      return new FileError(`The name of ${safeText(path)} is too long for this host.`, {
        ...details,
        hint: 'Pull it under another name.',
      });
    case undefined:
      return error instanceof Error ? error : new Error(String(error));
    default:
      return new FileError(`${safeText(path)} could not be written (${code}).`, details);
  }
}
