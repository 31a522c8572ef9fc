import { spawn } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { FileError } from '../../errors.js';
import { withDeadline } from '../../time/deadline.js';
import type { Extent, ImageCursor } from './image.js';
import { streamImage } from './stream-image.js';

const TAR = ['--create', '--file=-', '--format=posix', '--sparse', '--sparse-version=1.0', '--hole-detection=seek'];
const TIMEOUT_MS = 60_000;
const RECORD_BYTES = 512;
/** Of attributes and of stretches: far more than an image has. */
const MAX_ATTRIBUTES_BYTES = 65_536;
const MAX_NUMBERS = 2_000_000;

/**
 * Finds the holes of a file: stretches that were never written and take no room on the disk. Node cannot ask for them
 * (lseek with SEEK_HOLE), but GNU tar can, and says what it found before the data of the file; no more than that is
 * read. Zeros that were written are no holes.
 * @throws FileError where that is not possible: not on Linux, without GNU tar, or if the file cannot be read
 */
export async function findHoles(path: string, sizeBytes: number, signal?: AbortSignal): Promise<Extent[]> {
  if (process.platform !== 'linux') throw cannotTell(path, undefined);
  const tar = spawn('tar', [...TAR, '--', `./${basename(path)}`], {
    cwd: dirname(path),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // A program that is not there shows as an archive that ends at once, with this beside it.
  let failure: unknown;
  tar.once('error', error => (failure = error));
  const archive = streamImage({ name: path, sizeBytes: Number.POSITIVE_INFINITY, read: () => tar.stdout });
  try {
    return await withDeadline(
      { operation: `finding the holes of ${path}`, timeoutMs: TIMEOUT_MS, signal },
      async () => {
        await using cursor = await archive.open();
        const stretches = await readSparseMap(cursor).catch((error: unknown) => {
          throw cannotTell(path, failure ?? error);
        });
        return stretches === undefined ? [] : holesBetween(stretches, sizeBytes);
      },
    );
  } finally {
    tar.kill();
  }
}

/**
 * The stretches with data, from an archive of one file in the format that GNU tar's manual calls "PAX Format, Version
 * 1.0"; undefined if the file has no holes.
 */
async function readSparseMap(cursor: ImageCursor): Promise<Extent[] | undefined> {
  const header = await read(cursor, RECORD_BYTES);
  const type = header.toString('latin1', 156, 157);
  if (type === '0') return undefined;
  const attributesBytes = Number.parseInt(header.toString('latin1', 124, 136), 8);
  if (type !== 'x' || !(attributesBytes <= MAX_ATTRIBUTES_BYTES)) throw new Error('This is no archive of a file.');
  const attributes = (await read(cursor, attributesBytes)).toString('latin1');
  if (!attributes.includes(' GNU.sparse.major=1\n')) return undefined;
  await cursor.advance([(-attributesBytes & (RECORD_BYTES - 1)) + RECORD_BYTES]);
  const numbers = await readNumbers(cursor);
  return Array.from({ length: numbers.length / 2 }, (_, index) => {
    const startBytes = numbers[2 * index] ?? 0;
    return { startBytes, endBytes: startBytes + (numbers[2 * index + 1] ?? 0) };
  });
}

/** How many stretches there are, then where each begins and how long it is: decimal numbers, one to a line. */
async function readNumbers(cursor: ImageCursor): Promise<number[]> {
  const numbers: number[] = [];
  let text = '';
  while (numbers.length === 0 || numbers.length < 1 + 2 * (numbers[0] ?? 0)) {
    const lines = (text + (await read(cursor, RECORD_BYTES)).toString('latin1')).split('\n');
    text = lines.pop() ?? '';
    numbers.push(...lines.map(Number));
    if (!numbers.every(Number.isSafeInteger) || numbers.length > MAX_NUMBERS)
      throw new Error('This is not a sparse map.');
  }
  return numbers.slice(1, 1 + 2 * (numbers[0] ?? 0));
}

async function read(cursor: ImageCursor, lengthBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(lengthBytes);
  await cursor.advance([bytes]);
  return bytes;
}

function holesBetween(stretches: readonly Extent[], sizeBytes: number): Extent[] {
  const holes: Extent[] = [];
  let startBytes = 0;
  for (const stretch of [...stretches, { startBytes: sizeBytes, endBytes: sizeBytes }]) {
    if (stretch.startBytes > startBytes) holes.push({ startBytes, endBytes: stretch.startBytes });
    startBytes = Math.max(startBytes, stretch.endBytes);
  }
  return holes;
}

function cannotTell(path: string, cause: unknown): FileError {
  return new FileError(`The holes of ${path} cannot be found.`, {
    hint: 'That needs Linux and GNU tar; without looking for holes the whole image is written, with zeros for them.',
    cause,
    facts: { path },
  });
}
