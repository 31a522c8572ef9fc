import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BoardFileError } from './errno.js';

/** As on Linux, so that a loop of symlinks ends. */
const MAX_SYMLINKS = 40;
const MAX_PATH_LENGTH = 4096;
/** Names that Windows would read as a separator, a stream or a device; the board cannot have them there. */
const UNSAFE_ON_WINDOWS = /[\\/:*?"<>|]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

export interface ResolveOptions {
  /** Whether a symlink at the end of the path is followed; default true. */
  readonly followLast?: boolean;
}

/**
 * Finds the real place of a board's path: every component is looked at inside `rootDir`, a symlink is read and walked
 * again from the board's own `/`, and `..` stops there. The result is a path of the board without symlinks (except the
 * last one where it is not followed); the last component may be missing.
 *
 * @throws BoardFileError ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EINVAL
 */
export async function resolveInside(rootDir: string, path: string, options: ResolveOptions = {}): Promise<string> {
  if (path === '') throw new BoardFileError('ENOENT');
  const pending = splitPath(path).reverse();
  const done: string[] = [];
  let symlinks = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '..') {
      done.pop();
      continue;
    }
    checkName(name);
    const isLast = pending.length === 0;
    const here = hostPath(rootDir, [...done, name]);
    const kind = await kindOf(here, isLast);
    if (kind === 'symlink' && (!isLast || options.followLast !== false)) {
      if (++symlinks > MAX_SYMLINKS) throw new BoardFileError('ELOOP');
      const target = (await readlink(here)).replaceAll('\\', '/');
      if (target.startsWith('/')) done.length = 0;
      pending.push(...splitPath(target).reverse());
      continue;
    }
    if (!isLast && kind !== 'directory') throw new BoardFileError('ENOTDIR');
    done.push(name);
  }
  return `/${done.join('/')}`;
}

/** The host's path of a resolved path of the board. */
export function toHostPath(rootDir: string, resolved: string): string {
  return hostPath(rootDir, splitPath(resolved));
}

function hostPath(rootDir: string, names: readonly string[]): string {
  return join(rootDir, ...names);
}

function splitPath(path: string): string[] {
  if (path.length > MAX_PATH_LENGTH) throw new BoardFileError('ENAMETOOLONG');
  return path.split('/').filter(name => name !== '' && name !== '.');
}

function checkName(name: string): void {
  if (name.includes('\0')) throw new BoardFileError('EINVAL');
  if (process.platform === 'win32' && UNSAFE_ON_WINDOWS.test(name)) throw new BoardFileError('EINVAL');
}

async function kindOf(path: string, mayBeMissing: boolean): Promise<'symlink' | 'directory' | 'other' | 'missing'> {
  try {
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) return 'symlink';
    return stats.isDirectory() ? 'directory' : 'other';
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing && mayBeMissing) return 'missing';
    throw isMissing ? new BoardFileError('ENOENT') : error;
  }
}
