import { Readable } from 'node:stream';
import type { Entry, Options, RandomAccessReader, ZipFile } from 'yauzl';
import type { Image } from '../fastboot/image/image.js';

export type { Entry, ZipFile } from 'yauzl';

/** The end of central directory record, APPNOTE.TXT 4.3.16: 22 bytes and a comment of at most 64 KiB. */
const END_MAGIC = Buffer.from('PK\x05\x06', 'latin1');
const END_BYTES = 22;
/** Tools that write to a pipe pad a zip by up to some tens of KiB. */
const SEARCHED_BYTES = 256 * 1024;

/** Names are decoded by `entriesOf`: yauzl would refuse the whole zip for one that is odd. */
const OPTIONS: Options = { autoClose: false, lazyEntries: true, decodeStrings: false };

/** Opens a zip, also one with bytes behind its end. @throws the error of yauzl for what is no zip */
export async function openZipFile(file: Image): Promise<ZipFile> {
  const yauzl = await import('yauzl');
  const reader = new (readerClass(yauzl.RandomAccessReader))(file);
  return await yauzl.fromRandomAccessReaderPromise(reader, await endOfZip(file), OPTIONS);
}

/** What the central directory lists, with names as they stand in it. @throws the error of yauzl */
export async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  const { getFileNameLowLevel } = await import('yauzl');
  for await (const entry of zip.eachEntry()) {
    const { generalPurposeBitFlag, fileNameRaw, extraFields } = entry;
    entry.fileName = getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, true);
    yield entry;
  }
}

/** Where the zip ends; the end of the file where no end of a zip is found. */
async function endOfZip(file: Image): Promise<number> {
  const start = Math.max(0, file.sizeBytes - SEARCHED_BYTES);
  const tail = await readRange(file, start, file.sizeBytes);
  for (let at = tail.lastIndexOf(END_MAGIC); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(END_MAGIC, at - 1)) {
    if (at + END_BYTES > tail.length) continue;
    const end = at + END_BYTES + tail.readUInt16LE(at + 20);
    if (end <= tail.length) return start + end;
  }
  return file.sizeBytes;
}

async function readRange(file: Image, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - start);
  await using cursor = await file.open();
  await cursor.advance([start, bytes]);
  return bytes;
}

/** The class that yauzl asks to be extended, which is there only once yauzl is loaded. It reads names and sizes alone. */
function readerClass(Base: typeof RandomAccessReader): new (file: Image) => RandomAccessReader {
  return class ImageReader extends Base {
    readonly #file: Image;

    constructor(file: Image) {
      super();
      this.#file = file;
    }

    override _readStreamForRange(start: number, end: number): Readable {
      const file = this.#file;
      return Readable.from(
        (async function* () {
          yield await readRange(file, start, end);
        })(),
        { objectMode: false },
      );
    }
  };
}
