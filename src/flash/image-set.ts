import { createHash } from 'node:crypto';
import { FileImage } from '../fastboot/image/file-image.js';
import { safeText } from '../device/board-text.js';
import { UsageError } from '../errors.js';
import { mapBounded } from '../time/concurrency.js';
import type { LongOperation } from '../time/progress.js';
import type { ImageSource, SourceFile } from './image-source.js';
import { inspectImage, type InspectedImage } from './inspect.js';
import type { FlashManifest } from './manifest.js';
import { chooseManifest, loadManifests } from './manifests.js';
import { openImageSource } from './open-source.js';
import { unpacked } from './packed-file.js';
import { chooseFolder, PACKED, type ReleaseFolder } from './release-folder.js';

/** What is to be flashed, opened and read through: nothing about it can fail any more but reading it again. */
export interface ImageSet extends AsyncDisposable {
  /** As the user gave it; empty where only partitions were named. */
  readonly path: string;
  /** Undefined where images are written to partitions without regard to what board it is. */
  readonly manifest: FlashManifest | undefined;
  /** Of all boards that are known. */
  readonly manifests: readonly FlashManifest[];
  /** By name: that of the file, or the path that `--partition` gave. */
  readonly images: ReadonlyMap<string, InspectedImage>;
  /** Names of images, by the partition that the user named for them. */
  readonly replacements: ReadonlyMap<string, string>;
  /** The same for the same content, whatever it is packed in. */
  readonly identity: string;
}

export interface ImageSetRequest {
  /** Zip, folder, or one image. */
  readonly path?: string | undefined;
  /** Files by partition. */
  readonly partitions?: ReadonlyMap<string, string> | undefined;
}

/**
 * Opens what the user gave, finds out what board it is for, and reads every image of it once.
 * @throws UsageError, ImageError, FileError, AbortedError; no board has been touched then
 */
export async function openImageSet(request: ImageSetRequest, operation: LongOperation = {}): Promise<ImageSet> {
  const { path = '', partitions = new Map<string, string>() } = request;
  const opened: AsyncDisposable[] = [];
  try {
    const set = await readImageSet({ path, partitions }, opened, operation);
    return { ...set, [Symbol.asyncDispose]: () => closeAll(opened) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

async function closeAll(opened: readonly AsyncDisposable[]): Promise<void> {
  for (const one of opened) await one[Symbol.asyncDispose]();
}

/** Puts what is to be closed in the end into `opened`. */
async function readImageSet(
  { path, partitions }: { readonly path: string; readonly partitions: ReadonlyMap<string, string> },
  opened: AsyncDisposable[],
  operation: LongOperation,
): Promise<Omit<ImageSet, keyof AsyncDisposable>> {
  const { signal } = operation;
  const source = path === '' ? undefined : await openImageSource(path);
  if (source !== undefined) opened.push(source);
  const manifests = await loadManifests();
  const folder = source === undefined || source.kind === 'file' ? undefined : folderOf(manifests, source);
  const manifest = source && folder && chooseManifest(manifests, setOf(source, folder));
  const replacements = new Map(partitions);
  if (source?.kind === 'file') replacements.set(partitionOf(manifests, source), path);
  const files = manifest ? await filesFor(manifest, source, { folder, signal }) : new Map<string, SourceFile>();
  for (const file of new Set(replacements.values())) {
    const image = await FileImage.open(file);
    opened.push(image);
    const found = { sizeBytes: image.sizeBytes, open: () => Promise.resolve(image) };
    files.set(file, await unpacked(file, found, signal));
  }
  const images = await inspectAll(files, operation);
  const identity = identityOf({ manifest, images, replacements });
  return { path, manifest, manifests, images, replacements, identity };
}

function folderOf(manifests: readonly FlashManifest[], { path, files }: ImageSource): ReleaseFolder {
  const folder = chooseFolder(manifests, { path, paths: files.keys() });
  const [only, ...others] = [...files.keys()].filter(name => /(?:^|\/)[^/.][^/]*\.zip$/i.test(name));
  if (only === undefined || others.length > 0 || recognised(manifests, folder)) return folder;
  throw new UsageError(`${safeText(path)} has no images in it, but another zip: ${safeText(only, 100)}.`, {
    hint: 'Unpack it, and give the zip that comes out.',
  });
}

function recognised(manifests: readonly FlashManifest[], { files }: ReleaseFolder): boolean {
  return manifests.some(({ recognition }) => recognition.present.some(name => files.has(name.toLowerCase())));
}

function setOf({ name }: ImageSource, { path, files }: ReleaseFolder): Parameters<typeof chooseManifest>[1] {
  const folders = path.split('/').filter(part => part !== '');
  return { names: [name, ...folders.reverse()], files: new Set(files.keys()) };
}

/** The files of a release by the names of its manifest; those that are packed are unpacked whenever they are read. */
async function filesFor(
  manifest: FlashManifest,
  source: ImageSource,
  { folder, signal }: { readonly folder: ReleaseFolder; readonly signal: AbortSignal | undefined },
): Promise<Map<string, SourceFile>> {
  const files = new Map<string, SourceFile>();
  for (const [name, path] of neededFiles(manifest, folder)) {
    const file = source.files.get(path);
    if (file !== undefined) files.set(name, PACKED.test(path) ? await unpacked(path, file, signal) : file);
  }
  return files;
}

/** All that the steps of the manifest may need, with where it is; for a file with several names the first that is there. */
function* neededFiles(manifest: FlashManifest, { files }: ReleaseFolder): Generator<[name: string, path: string]> {
  const names = [
    ...manifest.partitionTables.map(({ file }) => [file]),
    ...manifest.files.map(({ names: candidates }) => candidates),
  ];
  for (const candidates of names) {
    const name = candidates.find(candidate => files.has(candidate.toLowerCase()));
    const path = name === undefined ? undefined : files.get(name.toLowerCase());
    if (name !== undefined && path !== undefined) yield [name, path];
  }
}

/** The two large images of a release are inflated side by side; more would only take memory. */
const CHECKED_AT_ONCE = 2;

async function inspectAll(
  files: ReadonlyMap<string, SourceFile>,
  { signal, onProgress }: LongOperation,
): Promise<Map<string, InspectedImage>> {
  const task = 'check images';
  const total = [...files.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let images: [string, InspectedImage][];
  let done = 0;
  onProgress?.({ kind: 'started', task, unit: 'bytes', total });
  try {
    images = await mapBounded([...files], CHECKED_AT_ONCE, async ([name, file]) => {
      const onRead = (bytes: number): void => {
        done += bytes;
        onProgress?.({ kind: 'progress', task, unit: 'bytes', done, total, detail: name });
      };
      return [name, await inspectImage(await file.open(), { signal, onRead })];
    });
  } catch (error) {
    onProgress?.({ kind: 'failed', task, error });
    throw error;
  }
  onProgress?.({ kind: 'finished', task, unit: 'bytes', done });
  return new Map(images);
}

/** A single image says by its name where it belongs. @throws UsageError if it does not */
function partitionOf(manifests: readonly FlashManifest[], { path, name: fileName }: ImageSource): string {
  const name = fileName.replace(PACKED, '');
  const partitions = manifests.flatMap(({ files, steps }) => {
    const ids = files.filter(file => file.names.includes(name)).map(({ id }) => id);
    return steps.flatMap(step => (step.do === 'flash' && ids.includes(step.file) ? [step.partition] : []));
  });
  const [partition, ...others] = new Set(partitions);
  if (partition !== undefined && others.length === 0) return partition;
  throw new UsageError(`It is not known to which partition ${path} belongs.`, {
    hint: `Say it: --partition NAME=${path}.`,
    facts: { path, partitions },
  });
}

function identityOf({
  manifest,
  images,
  replacements,
}: Pick<ImageSet, 'manifest' | 'images' | 'replacements'>): string {
  const hash = createHash('sha256').update(`${manifest?.id ?? ''}\n`);
  for (const [partition, file] of replacements) hash.update(`${partition} ${images.get(file)?.checksum ?? ''}\n`);
  for (const [name, { checksum }] of images) {
    if (![...replacements.values()].includes(name)) hash.update(`${name} ${checksum}\n`);
  }
  return hash.digest('hex');
}
