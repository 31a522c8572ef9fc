import { posix } from 'node:path';
import { compareVersions } from '../../packages/version.js';
import type { BoardProcess } from '../program.js';
import { ARCHITECTURE, readControl } from './install-deb.js';

/** Where mdt-install-package of a real board keeps what it was given; the only source that a virtual board has. */
const REPOSITORY = '/var/cache/mdt-packages';

/** Copies a package file into the board's own repository. */
export async function addToRepository(process: BoardProcess, file: string): Promise<void> {
  await process.files.makeDirectories(REPOSITORY);
  await process.files.writeFile(posix.join(REPOSITORY, posix.basename(file)), await process.files.readFile(file));
}

/** The file with the highest version of the package that the repository has, first of those that the board can run. */
export async function candidateOf(process: BoardProcess, name: string): Promise<string | undefined> {
  const candidates: { file: string; version: string; isNative: boolean }[] = [];
  for (const entry of await process.files.readdir(REPOSITORY).catch(() => [])) {
    const file = posix.join(REPOSITORY, entry);
    const control = await readControl(process, file);
    const isNative = [ARCHITECTURE, 'all'].includes(control.get('architecture') ?? 'all');
    if (control.get('package') === name) candidates.push({ file, version: control.get('version') ?? '', isNative });
  }
  candidates.sort((a, b) => Number(b.isNative) - Number(a.isNative) || compareVersions(b.version, a.version));
  return candidates[0]?.file;
}
