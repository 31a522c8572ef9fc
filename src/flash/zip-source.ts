import { basename } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { safeText } from '../device/board-text.js';
import { ImageError, type Image } from '../fastboot/image/image.js';
import { streamImage } from '../fastboot/image/stream-image.js';
import type { ImageSource, SourceFile } from './image-source.js';
import { MAX_ENTRIES, zipFiles } from './zip-entries.js';

/** A release zip, read in place. @throws ImageError if it is truncated, damaged, or not to be trusted (see zipFiles) */
export async function openZip(path: string): Promise<ImageSource> {
  const zipName = safeText(basename(path));
  const { default: yauzl } = await import('yauzl');
  // Names are checked in zip-entries.ts, which says the same of all that is wrong with one.
  const options = { autoClose: false, lazyEntries: true, strictFileNames: true };
  let zip: ZipFile;
  try {
    zip = await yauzl.openPromise(path, options);
  } catch (error) {
    throw damaged(zipName, error);
  }
  try {
    const { files, folder } = zipFiles(zipName, await readEntries(zip, zipName));
    return {
      kind: 'zip',
      path,
      names: [basename(path), ...(folder === undefined ? [] : [folder])],
      files: new Map([...files].map(([name, entry]) => [name, sourceFile(zip, { zipName, name, entry })])),
      [Symbol.asyncDispose]: () => {
        zip.close();
        return Promise.resolve();
      },
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function readEntries(zip: ZipFile, zipName: string): Promise<Entry[]> {
  if (zip.entryCount > MAX_ENTRIES) {
    throw new ImageError(zipName, `it has ${String(zip.entryCount)} entries, which no release has`);
  }
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) entries.push(entry);
  } catch (error) {
    throw damaged(zipName, error);
  }
  return entries;
}

interface ZippedFile {
  readonly zipName: string;
  readonly name: string;
  readonly entry: Entry;
}

function sourceFile(zip: ZipFile, file: ZippedFile): SourceFile {
  const sizeBytes = file.entry.uncompressedSize;
  const image: Image = streamImage({ name: file.name, sizeBytes, read: () => readEntry(zip, file) });
  return { sizeBytes, open: () => Promise.resolve(image) };
}

/** Node inflates in pieces of 16 KiB, each of which goes to another thread and back: too small for images. */
const INFLATED_BYTES = 256 * 1024;
/** APPNOTE.TXT 4.4.5; zipFiles lets no other pass but stored ones. */
const DEFLATED = 8;

/** The bytes of an entry; the last of them come only if the checksum of all is right. */
async function* readEntry(zip: ZipFile, { zipName, name, entry }: ZippedFile): AsyncGenerator<Uint8Array> {
  let stream: Readable | undefined;
  let [sum, readBytes] = [0, 0];
  try {
    stream = await openEntry(zip, entry);
    for await (const piece of stream as AsyncIterable<Buffer>) {
      sum = crc32(piece, sum);
      readBytes += piece.length;
      if (readBytes > entry.uncompressedSize) throw new Error('it is longer than it says');
      if (readBytes === entry.uncompressedSize && sum !== entry.crc32) throw new Error('its checksum is wrong');
      yield piece;
    }
    if (readBytes < entry.uncompressedSize) throw new Error('it is shorter than it says');
  } catch (error) {
    throw error instanceof ImageError ? error : damaged(`${safeText(name)} in ${zipName}`, error);
  } finally {
    stream?.destroy();
  }
}

async function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  const stored = await zip.openReadStreamPromise(entry, { decodeFileData: false });
  if (entry.compressionMethod !== DEFLATED) return stored;
  // An error of one ends the other, and is seen by whoever reads the last.
  return pipeline(stored, createInflateRaw({ chunkSize: INFLATED_BYTES }), () => undefined);
}

function damaged(name: string, error: unknown): ImageError {
  const reason = safeText(error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  return new ImageError(name, `the zip is damaged or incomplete (${reason})`, {
    hint: 'Download the zip again, and compare its checksum if there is one.',
    cause: error,
  });
}
