import { stat } from 'node:fs/promises';
import { fileTrouble } from '../host/file-trouble.js';
import { PermissionError } from '../errors.js';

/** Bits for the group and for everybody else: a private key has none of them. */
const OTHERS = 0o077;

/**
 * Refuses key files and folders that anybody but their owner may read or write. Windows keeps such rights elsewhere;
 * there nothing is checked. Paths that do not exist are fine.
 * @throws PermissionError with the command that mends it.
 */
export async function checkOwnerOnly(...paths: readonly string[]): Promise<void> {
  if (process.platform === 'win32') return;
  const open = (await Promise.all(paths.map(isOpenToOthers))).filter(entry => entry !== undefined);
  if (open.length === 0) return;
  const names = open
    .map(({ path, mode }) => `private key ${mode === '700' ? 'folder' : 'file'} ${path}`)
    .join(' and the ');
  const verb = open.length === 1 ? 'is' : 'are';
  throw new PermissionError(`The ${names} ${verb} accessible to other users of this host.`, {
    hint: `Restrict access: ${open.map(({ path, mode }) => `chmod ${mode} ${quote(path)}`).join(' && ')}`,
    facts: { paths: open.map(({ path }) => path) },
  });
}

async function isOpenToOthers(path: string): Promise<{ path: string; mode: string } | undefined> {
  try {
    const found = await stat(path);
    if ((found.mode & OTHERS) === 0) return undefined;
    return { path, mode: found.isDirectory() ? '700' : '600' };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw fileTrouble(`${path} cannot be read.`, path, error);
  }
}

function quote(path: string): string {
  return /^[\w@%+:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
