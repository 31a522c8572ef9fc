import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ARCHIVE_HEAD_BYTES } from '../fastboot/image/archive.js';
import { FileImage } from '../fastboot/image/file-image.js';
import type { ImageSource, SourceFile } from './image-source.js';

/** How deep below a folder a release is looked for, and among how many files. */
const MAX_DEPTH = 4;
const MAX_FILES = 10_000;

/** An unpacked release. Links to files are followed, for the user's own folder is the user's own business. */
export async function openFolder(path: string): Promise<ImageSource> {
  const opened = new Map<string, Promise<FileImage>>();
  const files = new Map<string, SourceFile>();
  for (const [name, sizeBytes] of await listFiles(path)) {
    const open = (): Promise<FileImage> => {
      const image = opened.get(name) ?? FileImage.open(join(path, name));
      opened.set(name, image);
      return image;
    };
    files.set(name, { sizeBytes, open });
  }
  return {
    kind: 'folder',
    path,
    name: basename(resolve(path)),
    files,
    [Symbol.asyncDispose]: async () => {
      for (const image of opened.values())
        await image.then(
          one => one[Symbol.asyncDispose](),
          () => undefined,
        );
    },
  };
}

/** Sizes by path, folder by folder, those at the top first; what cannot be looked into is passed over. */
async function listFiles(root: string): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  const folders = [{ path: '', depth: 0 }];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const { path, depth } = folder;
    const entries = await readdir(join(root, path), { withFileTypes: true }).catch((error: unknown) => {
      if (path === '') throw error;
      return [];
    });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory() && depth < MAX_DEPTH) folders.push({ path: name, depth: depth + 1 });
      const stats = entry.isDirectory() ? undefined : await stat(join(root, name)).catch(() => undefined);
      if (stats?.isFile() === true) files.set(name, stats.size);
      if (files.size >= MAX_FILES) return files;
    }
  }
  return files;
}

/** One file, and its first bytes. */
export async function openFileSource(path: string): Promise<{ source: ImageSource; head: Buffer }> {
  const image = await FileImage.open(path);
  const { name, sizeBytes } = image;
  const head = Buffer.alloc(Math.min(ARCHIVE_HEAD_BYTES, sizeBytes));
  await using cursor = await image.open();
  await cursor.advance([head]);
  const source: ImageSource = {
    kind: 'file',
    path,
    name,
    files: new Map([[name, { sizeBytes, open: () => Promise.resolve(image) }]]),
    [Symbol.asyncDispose]: () => image[Symbol.asyncDispose](),
  };
  return { source, head };
}
