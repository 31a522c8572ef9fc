import { basename } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { safeText } from '../device/board-text.js';
import { readBuffer } from '../host/read-buffer.js';
import { FileImage } from '../fastboot/image/file-image.js';
import { ImageError, type Image } from '../fastboot/image/image.js';
import { streamImage } from '../fastboot/image/stream-image.js';
import type { ImageSource, SourceFile } from './image-source.js';
import { checkEntry, MAX_ENTRIES, pathOf, refused } from './zip-entries.js';
import { entriesOf, openZipFile, type Entry, type ZipFile } from './zip-reader.js';

/** A release zip, read in place. @throws ImageError if it is truncated or damaged */
export async function openZip(path: string): Promise<ImageSource> {
  const zipName = safeText(basename(path));
  const bytes = await FileImage.open(path);
  try {
    const zip = await openZipFile(bytes).catch((error: unknown) => {
      throw damaged(zipName, error);
    });
    const entries = await readEntries(zip, zipName);
    return {
      kind: 'zip',
      path,
      name: basename(path),
      files: filesOf({ zip, zipName, bytes }, entries),
      [Symbol.asyncDispose]: () => bytes[Symbol.asyncDispose](),
    };
  } catch (error) {
    await bytes[Symbol.asyncDispose]();
    throw error;
  }
}

async function readEntries(zip: ZipFile, zipName: string): Promise<Entry[]> {
  if (zip.entryCount > MAX_ENTRIES) {
    throw new ImageError(zipName, `it has ${String(zip.entryCount)} entries, which no release has`);
  }
  const entries: Entry[] = [];
  try {
    for await (const entry of entriesOf(zip)) entries.push(entry);
  } catch (error) {
    throw damaged(zipName, error);
  }
  return entries;
}

interface OpenZip {
  readonly zip: ZipFile;
  readonly zipName: string;
  /** The zip itself. Streams of yauzl fail, without anybody to hear it, when one is left while another is read. */
  readonly bytes: Image;
}

/** By path. What is wrong with an entry matters only where it is needed, and so when it is opened. */
function filesOf(zip: OpenZip, entries: readonly Entry[]): Map<string, SourceFile> {
  const files = new Map<string, SourceFile>();
  const seen = new Set<string>();
  for (const entry of entries) {
    const path = pathOf(entry);
    if (path === undefined) continue;
    // Windows and macOS do not tell apart what differs in case alone.
    const key = path.toLowerCase();
    files.set(path, seen.has(key) ? twice(zip, entry) : sourceFile(zip, basename(path), entry));
    seen.add(key);
  }
  return files;
}

function sourceFile(zip: OpenZip, name: string, entry: Entry): SourceFile {
  const sizeBytes = entry.uncompressedSize;
  const image: Image = streamImage({ name, sizeBytes, read: () => readEntry(zip, entry, name) });
  const open = (): Image => {
    checkEntry(zip.zipName, entry);
    return image;
  };
  return { sizeBytes, open: async () => await Promise.resolve(open()) };
}

function twice(zip: OpenZip, entry: Entry): SourceFile {
  const sizeBytes = entry.uncompressedSize;
  return { sizeBytes, open: () => Promise.reject(refused(zip.zipName, entry, 'there twice')) };
}

const STORED_BYTES = 512 * 1024;
/**
 * Each piece goes to another thread and back, and what inflates waits for this thread, which checks and sends: Node's
 * own pieces of 16 KiB are too small for images.
 */
const INFLATED_BYTES = 1024 * 1024;
/** Inflated while others are looked at or sent. */
const INFLATED_AHEAD_BYTES = 4 * INFLATED_BYTES;
/** APPNOTE.TXT 4.4.5; checkEntry accepts no other but stored ones. */
const DEFLATED = 8;

/** The bytes of an entry; the last of them come only if the checksum of all is right. */
async function* readEntry(zip: OpenZip, entry: Entry, name: string): AsyncGenerator<Uint8Array> {
  let stream: Readable | undefined;
  let [sum, readBytes] = [0, 0];
  try {
    const { fileDataStart } = await zip.zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const stored = readStored(zip.bytes, fileDataStart, entry.compressedSize);
    if (entry.compressionMethod === DEFLATED) stream = inflate(stored);
    for await (const piece of (stream ?? stored) as AsyncIterable<Buffer>) {
      sum = crc32(piece, sum);
      readBytes += piece.length;
      if (readBytes > entry.uncompressedSize) throw new Error('it is longer than it says');
      if (readBytes === entry.uncompressedSize && sum !== entry.crc32) throw new Error('its checksum is wrong');
      yield piece;
    }
    if (readBytes < entry.uncompressedSize) throw new Error('it is shorter than it says');
  } catch (error) {
    throw error instanceof ImageError ? error : damaged(`${safeText(name)} in ${zip.zipName}`, error);
  } finally {
    stream?.destroy();
  }
}

async function* readStored(zip: Image, startBytes: number, sizeBytes: number): AsyncGenerator<Buffer> {
  await using cursor = await zip.open();
  await cursor.advance([startBytes]);
  for (let left = sizeBytes; left > 0; left -= STORED_BYTES) {
    // Not the same every time: the one before may not be inflated yet.
    const piece = readBuffer(Math.min(left, STORED_BYTES));
    await cursor.advance([piece]);
    yield piece;
  }
}

function inflate(stored: AsyncIterable<Buffer>): Readable {
  const ahead = { chunkSize: INFLATED_BYTES, highWaterMark: INFLATED_AHEAD_BYTES };
  // An error of one ends the other, and is seen by whoever reads the last.
  return pipeline(stored, createInflateRaw(ahead), () => undefined);
}

function damaged(name: string, error: unknown): ImageError {
  const reason = safeText(error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  return new ImageError(name, `the zip is damaged or incomplete (${reason})`, {
    hint: 'Download the zip again, and compare its checksum if there is one.',
    cause: error,
  });
}
