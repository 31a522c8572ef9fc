import { basename } from 'node:path';
import { UsageError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { FlashManifest } from './manifest.js';

/** A folder of a release, and what is right in it. */
export interface ReleaseFolder {
  /** As it lies in the archive or below the folder that the user named; empty for the top. */
  readonly path: string;
  /** Paths by name in lower case, without the ending of a packed file: `boot_arm64.img` for `boot_arm64.img.gz`. */
  readonly files: ReadonlyMap<string, string>;
}

/** Endings of single files that are packed on their own. */
export const PACKED = /\.(?:gz|xz|zst)$/;

/**
 * The one folder, at any depth, that holds the files of a release; all else is passed over. Where there is none, the
 * folder that has most of them, so that what is missing can be named.
 * @throws UsageError if several folders hold a release
 */
export function chooseFolder(
  manifests: readonly FlashManifest[],
  source: { readonly path: string; readonly paths: Iterable<string> },
): ReleaseFolder {
  const folders = foldersOf(source.paths);
  const whole = folders.filter(({ files }) => manifests.some(manifest => lacks(manifest, files) === 0));
  const [folder, ...others] = whole;
  if (folder !== undefined && others.length === 0) return folder;
  if (folder !== undefined) {
    const names = whole.map(({ path }) => safeText(path === '' ? basename(source.path) : path, 100));
    throw new UsageError(`${safeText(source.path)} holds several releases: ${names.join(', ')}.`, {
      hint: 'Unpack it, and name the folder of one of them.',
      facts: { folders: names },
    });
  }
  const missing = (one: ReleaseFolder): number => Math.min(...manifests.map(manifest => lacks(manifest, one.files)));
  const [closest] = folders.sort((a, b) => missing(a) - missing(b));
  return closest ?? { path: '', files: new Map() };
}

function lacks({ recognition }: FlashManifest, files: ReadonlyMap<string, string>): number {
  return recognition.present.filter(name => !files.has(name.toLowerCase())).length;
}

/** Shallow ones first, so that among equals the top counts. */
function foldersOf(paths: Iterable<string>): ReleaseFolder[] {
  const folders = new Map<string, Map<string, string>>();
  for (const path of paths) {
    const [, folder = '', name = ''] = /^(?:(.*)\/)?([^/]*)$/s.exec(path) ?? [];
    const files = folders.get(folder) ?? new Map<string, string>();
    folders.set(folder, files);
    const key = name.toLowerCase();
    const plain = key.replace(PACKED, '');
    // What is there unpacked goes before what is packed.
    if (plain === key || !files.has(plain)) files.set(plain, path);
  }
  const depth = (path: string): number => (path === '' ? 0 : path.split('/').length);
  return [...folders].map(([path, files]) => ({ path, files })).sort((a, b) => depth(a.path) - depth(b.path));
}
