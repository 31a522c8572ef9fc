import { readSync } from 'node:fs';
import type { ByteSource } from './span.js';

const PAGE_BYTES = 4096;
/** 1 MiB: the tables of a model lie close together, its parameters are never read. */
const MAX_PAGES = 256;

/** The bytes of a model in memory. */
export function bytesInMemory({ buffer, byteOffset, byteLength }: Uint8Array): ByteSource {
  return { length: byteLength, view: (at, length) => new DataView(buffer, byteOffset + at, length) };
}

/**
 * The bytes of an open file, read page by page as they are asked for, so that a file of any size takes little memory.
 * What is no longer there when it is read, since the file was cut meanwhile, reads as zeros.
 */
export function bytesOfFile(fd: number, length: number): ByteSource {
  const pages = new Map<number, Buffer>();
  const pageAt = (index: number): Buffer => {
    const known = pages.get(index);
    if (known) return known;
    const page = read(fd, index * PAGE_BYTES, PAGE_BYTES);
    const [oldest] = pages.keys();
    if (pages.size >= MAX_PAGES && oldest !== undefined) pages.delete(oldest);
    pages.set(index, page);
    return page;
  };
  return {
    length,
    view: (at, wanted) => {
      const index = Math.floor(at / PAGE_BYTES);
      const offset = at - index * PAGE_BYTES;
      const isInside = offset + wanted <= PAGE_BYTES;
      const bytes = isInside ? pageAt(index).subarray(offset, offset + wanted) : read(fd, at, wanted);
      return new DataView(bytes.buffer, bytes.byteOffset, wanted);
    },
  };
}

function read(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const count = readSync(fd, bytes, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return bytes;
}
