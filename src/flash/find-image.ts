import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { matchesPattern } from './manifest.js';
import { loadManifests } from './manifests.js';

/**
 * What there is to flash in a folder if the user names nothing: the folder itself if it is an unpacked release, else the
 * only release zip in it.
 * @throws UsageError if there is none, or more than one
 */
export async function findImage(folder: string): Promise<string> {
  const manifests = await loadManifests();
  const names = await readdir(folder);
  const isUnpacked = manifests.some(({ recognition: { present } }) => present.every(name => names.includes(name)));
  if (isUnpacked) return folder;
  const patterns = manifests.flatMap(({ recognition }) => recognition.names.map(name => `${name}.zip`));
  const zips = names.filter(name => matchesPattern(name, patterns) && !name.includes('flashcard')).sort();
  const [zip, ...others] = zips;
  if (zip !== undefined && others.length === 0) return join(folder, zip);
  if (zip === undefined) {
    throw new UsageError('No images were named, and there are none in this folder.', {
      hint: 'Give a release zip such as enterprise-eagle-20211117215217.zip, a folder, or --partition NAME=FILE.',
    });
  }
  throw new UsageError(`This folder has several releases: ${zips.join(', ')}.`, { hint: 'Name the one to flash.' });
}
