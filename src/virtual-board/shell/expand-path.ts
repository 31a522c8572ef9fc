import { posix } from 'node:path';
import type { BoardFileSystem } from '../storage/file-system.js';
import { isPattern, patternMatcher, unquotePattern } from './pattern.js';

/** Paths of the board that match, in order; empty if there are none. Hidden names match only a pattern with a dot. */
export async function expandPattern(files: BoardFileSystem, cwd: string, pattern: string): Promise<string[]> {
  const segments = pattern.split('/');
  let found = [pattern.startsWith('/') ? '/' : ''];
  for (const [index, segment] of segments.entries()) {
    if (segment === '') continue;
    const isLast = index === segments.length - 1;
    const next: string[] = [];
    for (const base of found) {
      for (const name of await namesIn(files, posix.resolve(cwd, base), segment)) {
        const path = `${base}${name}`;
        if (isLast) next.push(path);
        else if (await isFolder(files, posix.resolve(cwd, path))) next.push(`${path}/`);
      }
    }
    found = next;
  }
  return found;
}

async function namesIn(files: BoardFileSystem, folder: string, segment: string): Promise<string[]> {
  if (!isPattern(segment)) {
    const name = unquotePattern(segment);
    const stats = await files.lstat(posix.join(folder, name)).catch(() => undefined);
    return stats === undefined ? [] : [name];
  }
  const matches = patternMatcher(segment);
  const names = await files.readdir(folder).catch(() => []);
  return names.filter(name => (segment.startsWith('.') || !name.startsWith('.')) && matches(name));
}

async function isFolder(files: BoardFileSystem, path: string): Promise<boolean> {
  const stats = await files.stat(path).catch(() => undefined);
  return stats?.isDirectory() === true;
}
