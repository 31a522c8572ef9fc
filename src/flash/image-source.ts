import type { Image } from '../fastboot/image/image.js';

/** Where images come from: a folder, a zip, or one image by itself. Nothing is unpacked to disk. */
export interface ImageSource extends AsyncDisposable {
  readonly kind: 'folder' | 'zip' | 'file';
  /** As the user gave it. */
  readonly path: string;
  /** What it calls itself. */
  readonly name: string;
  /** Its files by path, folders parted by `/`. Nothing of them has been judged yet. */
  readonly files: ReadonlyMap<string, SourceFile>;
}

export interface SourceFile {
  readonly sizeBytes: number;
  /** Opens it for good: until the source is disposed. @throws ImageError if it cannot be used */
  open(): Promise<Image>;
}

/** No eMMC of these boards is larger; a file that claims to be is a mistake or an attack. */
export const MAX_IMAGE_BYTES = 64 * 1024 ** 3;
