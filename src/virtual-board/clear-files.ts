import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFolder } from './storage/remove-folder.js';

/** Removes what a board has in `/home`, in all other places, or both. */
export async function clearFiles(
  rootDir: string,
  parts: { readonly rootfs: boolean; readonly home: boolean },
): Promise<void> {
  for (const name of await readdir(rootDir)) {
    if (name === 'home' ? parts.home : parts.rootfs) await removeFolder(join(rootDir, name));
  }
}
