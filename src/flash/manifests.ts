import { readdir, readFile } from 'node:fs/promises';
import { UsageError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { matchesPattern, type FlashManifest } from './manifest.js';
import { readManifest } from './read-manifest.js';

/** Where images/ of this package lies, as seen from the code that is running; the build puts it in. */
const FOLDER = new URL(MDT_IMAGES, import.meta.url);

/** All manifests of this package, in the order of their names. */
export async function loadManifests(folder: URL = FOLDER): Promise<FlashManifest[]> {
  const names = (await readdir(folder)).filter(name => name.endsWith('.json') && !name.endsWith('.schema.json')).sort();
  return Promise.all(names.map(async name => readManifest(await readFile(new URL(name, folder), 'utf8'))));
}

/** What a folder or zip shows of itself. */
export interface ImageSet {
  /** Of the archive or folder, and of the folders in it that lead to the files. */
  readonly names: readonly string[];
  /** In lower case: Windows and macOS do not tell case apart. */
  readonly files: ReadonlySet<string>;
}

/**
 * The manifest for a set of images: the one that knows its name, else the one whose files are there.
 * @throws UsageError that says what is missing, or what this is instead
 */
export function chooseManifest(manifests: readonly FlashManifest[], set: ImageSet): FlashManifest {
  const label = safeText(set.names[0] ?? '');
  if (set.files.has('flashcard_arm64.img')) {
    throw new UsageError(`${label} is a flash card for an SD card, not a set of images for fastboot.`, {
      hint: 'Take the zip without "flashcard" in its name, or write flashcard_arm64.img to an SD card.',
    });
  }
  const named = manifests.filter(({ recognition }) => set.names.some(name => matchesPattern(name, recognition.names)));
  const [manifest] = [...named, ...manifests].filter(({ recognition }) => fits(recognition, set.files));
  if (manifest !== undefined) return manifest;
  const [closest] = named.length > 0 ? named : manifests.filter(one => overlap(one, set.files) > 0);
  if (closest === undefined) {
    throw new UsageError(`${label} has no images for a board in it.`, {
      hint: 'Give a release zip such as enterprise-eagle-20211117215217.zip, or the folder that it was unpacked to.',
      facts: { files: [...set.files].slice(0, 50) },
    });
  }
  const missing = closest.recognition.present.filter(name => !set.files.has(name.toLowerCase()));
  throw new UsageError(`${label} lacks ${missing.join(', ')}, without which a ${closest.board} cannot be flashed.`, {
    hint: 'Download the zip again and give it as it is, or unpack all of it.',
    facts: { missing, manifest: closest.id },
  });
}

function fits({ present, absent }: FlashManifest['recognition'], files: ReadonlySet<string>): boolean {
  const has = (name: string): boolean => files.has(name.toLowerCase());
  return present.every(has) && !absent.some(has);
}

function overlap({ recognition }: FlashManifest, files: ReadonlySet<string>): number {
  return recognition.present.filter(name => files.has(name.toLowerCase())).length;
}
