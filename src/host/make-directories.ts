import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes the directory `path` and its missing parents with exactly this mode; what was there keeps its own.
 * One at a time, from the first that exists: where a parent cannot be made, as below /proc or an automounter's /home,
 * the recursive mkdir of Node tries for ever.
 * @throws the error of the system
 */
export function makeDirectories(path: string, mode: number): void {
  const missing: string[] = [];
  for (let at = path; !isDirectory(at); at = dirname(at)) {
    missing.unshift(at);
    if (dirname(at) === at) break;
  }
  for (const each of missing) makeOne(each, mode);
}

function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have made it in this moment.
    if (isDirectory(path)) return;
    throw error;
  }
  // The umask can only have taken bits away.
  if (process.platform !== 'win32') chmodSync(path, mode);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
