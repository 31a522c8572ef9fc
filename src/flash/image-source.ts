import type { Image } from '../fastboot/image/image.js';

/** Where images come from: a folder, a zip, or one image by itself. Nothing is unpacked to disk. */
export interface ImageSource extends AsyncDisposable {
  readonly kind: 'folder' | 'zip' | 'file';
  /** As the user gave it. */
  readonly path: string;
  /** What it calls itself: its own name, and that of the one folder that everything in a zip is in. */
  readonly names: readonly string[];
  /** Its files by name, without folders; those of a zip's only folder, but not what lies deeper. */
  readonly files: ReadonlyMap<string, SourceFile>;
}

export interface SourceFile {
  readonly sizeBytes: number;
  /** Opens it for good: until the source is disposed. */
  open(): Promise<Image>;
}

/** No eMMC of these boards is larger; a file that claims to be is a mistake or an attack. */
export const MAX_IMAGE_BYTES = 64 * 1024 ** 3;
