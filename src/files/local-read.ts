import { createHash } from 'node:crypto';
import { close, closeSync, constants, fstat, fstatSync, openSync, read, readSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { FileError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { readBuffer } from '../host/read-buffer.js';
import { modifiedAt, type LocalEntry } from './local-tree.js';
import { hostPath } from '../remote/names.js';

interface ReadTarget {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly length: number;
  readonly position: number;
}

const fs = {
  close: promisify(close),
  fstat: promisify(fstat) as (fd: number) => Promise<Stats>,
  read: promisify(read) as (fd: number, options: ReadTarget) => Promise<{ bytesRead: number }>,
};

const CHUNK_BYTES = 256 * 1024;

/**
 * Reads a whole small file to `at` of a buffer that has room for as much as it held when it was listed. At once, since
 * handing four calls a file to other threads takes ten times as long as the calls themselves.
 * @throws FileError if it is no longer what it was then.
 */
export function readWhole(entry: LocalEntry, into: Buffer, at: number): void {
  const fd = openListed(entry);
  try {
    for (let filled = 0; filled < entry.sizeBytes;) {
      const bytesRead = readSync(fd, into, at + filled, entry.sizeBytes - filled, filled);
      if (bytesRead === 0) throw changed(entry, 'shrank');
      filled += bytesRead;
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads a file from `position` to its end in pieces of 256 KiB, the next one while the last is being used. Each piece is
 * a buffer of its own. @throws FileError if the file is not, or no longer, what it was when it was listed.
 */
export async function* readChunks(entry: LocalEntry, position = 0, end = entry.sizeBytes): AsyncGenerator<Buffer> {
  const fd = openListed(entry);
  let ahead: Promise<Buffer> | undefined;
  const readAt = (at: number): Promise<Buffer> | undefined => {
    if (at >= end) return undefined;
    const reading = readPart(fd, entry, at, Math.min(CHUNK_BYTES, end - at));
    // It is awaited in its turn, or not at all if the reader stops before.
    reading.catch(() => undefined);
    return reading;
  };
  try {
    ahead = readAt(position);
    for (let at = position; ahead;) {
      const chunk = await ahead;
      at += chunk.length;
      ahead = readAt(at);
      yield chunk;
    }
    checkUnchanged(entry, await fs.fstat(fd));
  } finally {
    await ahead?.catch(() => undefined);
    await fs.close(fd);
  }
}

/** A pipe that took the place of the file would otherwise hold up everything until somebody writes into it. */
const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK || 0);

function openListed(entry: LocalEntry): number {
  let fd: number;
  try {
    fd = openSync(hostPath(entry.path), READ_WITHOUT_WAITING);
  } catch (error) {
    throw changed(entry, (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'vanished' : 'unreadable', error);
  }
  try {
    checkUnchanged(entry, fstatSync(fd));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

async function readPart(fd: number, entry: LocalEntry, position: number, length: number): Promise<Buffer> {
  const buffer = readBuffer(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await fs.read(fd, {
      buffer,
      offset: filled,
      length: length - filled,
      position: position + filled,
    });
    if (bytesRead === 0) throw changed(entry, 'shrank');
    filled += bytesRead;
  }
  return buffer;
}

function checkUnchanged(entry: LocalEntry, stats: Stats): void {
  if (stats.size !== entry.sizeBytes) throw changed(entry, 'changed its size');
  if (modifiedAt(stats) !== entry.modifiedAtS) throw changed(entry, 'was changed');
}

type Change = 'vanished' | 'unreadable' | 'shrank' | 'changed its size' | 'was changed';

function changed(entry: LocalEntry, how: Change, cause?: unknown): FileError {
  const what = how === 'unreadable' ? 'can no longer be read' : `${how} while it was being sent`;
  return new FileError(`${safeText(entry.path)} ${what}.`, {
    cause,
    facts: { path: entry.path, reason: how },
    hint: 'Nothing of it was put in place; try again when it is no longer written to.',
  });
}

/** SHA-256 of the first `length` bytes, in hex. */
export async function hashPrefix(entry: LocalEntry, length: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of readChunks(entry, 0, length)) hash.update(chunk);
  return hash.digest('hex');
}

/** A file of this host that no walk has found, as one that can be read. */
export function listedFile(path: string, stats: Stats): LocalEntry {
  return {
    kind: 'file',
    relative: '',
    path,
    sizeBytes: stats.size,
    mode: stats.mode,
    modifiedAtS: modifiedAt(stats),
    linkTarget: '',
  };
}

/** SHA-256 of a whole file of this host, in hex. */
export async function hashHere(path: string, stats: Stats): Promise<string> {
  return hashPrefix(listedFile(path, stats), stats.size);
}
