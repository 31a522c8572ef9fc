import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { FileImage } from '../fastboot/image/file-image.js';
import type { ImageSource, SourceFile } from './image-source.js';

/** A local header, and the end of an archive without any. */
const ZIP_MAGICS: readonly string[] = ['PK\x03\x04', 'PK\x05\x06'];

/** An unpacked release: the files right in it. Links are followed, for the user's own folder is the user's own business. */
export async function openFolder(path: string): Promise<ImageSource> {
  const opened = new Map<string, Promise<FileImage>>();
  const files = new Map<string, SourceFile>();
  for (const name of (await readdir(path)).sort()) {
    const file = join(path, name);
    const stats = await stat(file).catch(() => undefined);
    if (stats?.isFile() !== true) continue;
    const open = (): Promise<FileImage> => {
      const image = opened.get(name) ?? FileImage.open(file);
      opened.set(name, image);
      return image;
    };
    files.set(name, { sizeBytes: stats.size, open });
  }
  return {
    kind: 'folder',
    path,
    names: [basename(resolve(path))],
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

/** One file, and whether it begins as zips do: with a local header, or with the end of an empty archive. */
export async function openFileSource(path: string): Promise<{ source: ImageSource; looksLikeZip: boolean }> {
  const image = await FileImage.open(path);
  const { name, sizeBytes } = image;
  const magic = Buffer.alloc(Math.min(4, sizeBytes));
  await using cursor = await image.open();
  await cursor.advance([magic]);
  const source: ImageSource = {
    kind: 'file',
    path,
    names: [name],
    files: new Map([[name, { sizeBytes, open: () => Promise.resolve(image) }]]),
    [Symbol.asyncDispose]: () => image[Symbol.asyncDispose](),
  };
  return { source, looksLikeZip: /\.zip$/i.test(path) || ZIP_MAGICS.includes(magic.toString('latin1')) };
}
