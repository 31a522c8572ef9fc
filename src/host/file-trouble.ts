import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { systemHint } from './system-error.js';
import { FileError, PermissionError } from '../errors.js';

/**
 * The error for a file of the settings or keys that cannot be read or written. Where it, or a folder on the way to it,
 * belongs to somebody else, as after `sudo mdt`, the error names that path, its owner and the command that mends it.
 */
export function fileTrouble(message: string, file: string, cause: unknown): FileError | PermissionError {
  const foreign = isRefusal(cause) ? foreignPath(file) : undefined;
  if (foreign === undefined) return new FileError(message, { cause, hint: systemHint(cause), facts: { file } });
  const { path, owner, user } = foreign;
  return new PermissionError(`${message.replace(/\.$/, '')}: ${path} belongs to ${owner}, and mdt runs as ${user}.`, {
    cause,
    hint: `Take it back with: sudo chown -R ${user}: ${quote(path)}`,
    facts: { file, path, owner, user },
  });
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
}

interface ForeignPath {
  readonly path: string;
  readonly owner: string;
  readonly user: string;
}

/** The topmost of the file and its folders that lies in a folder of this user and belongs to another one. */
function foreignPath(file: string): ForeignPath | undefined {
  if (process.getuid === undefined) return undefined;
  const own = process.getuid();
  let found: { path: string; uid: number } | undefined;
  for (let path = file; dirname(path) !== path; path = dirname(path)) {
    const uid = ownerOf(path);
    if (uid === own) break;
    if (uid !== undefined) found = { path, uid };
  }
  // All the way up nothing is this user's own: then it is no folder that could be given back.
  if (found === undefined || ownerOf(dirname(found.path)) !== own) return undefined;
  return { path: found.path, owner: found.uid === 0 ? 'root' : `user ${String(found.uid)}`, user: nameOf(own) };
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

function nameOf(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
}

/** One word for a shell of this host. */
function quote(path: string): string {
  return /^[\w@%+:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
