// Sparse files in memory, made and read by the letter of the format and without the code under test.

export type TestChunk =
  | { readonly kind: 'raw'; readonly data: Buffer }
  | { readonly kind: 'fill'; readonly blocks: number; readonly word: number }
  | { readonly kind: 'skip'; readonly blocks: number }
  | { readonly kind: 'crc' };

export interface TestFile {
  readonly blockBytes: number;
  readonly chunks: readonly TestChunk[];
  /** Longer headers than version 1.0 has; the rest is garbage. */
  readonly fileHeaderBytes?: number;
  readonly chunkHeaderBytes?: number;
}

export function blocksOf(chunk: TestChunk, blockBytes: number): number {
  if (chunk.kind === 'raw') return chunk.data.length / blockBytes;
  return chunk.kind === 'crc' ? 0 : chunk.blocks;
}

export function sparseFile({ blockBytes, chunks, fileHeaderBytes = 28, chunkHeaderBytes = 12 }: TestFile): Buffer {
  const totalBlocks = chunks.reduce((sum, chunk) => sum + blocksOf(chunk, blockBytes), 0);
  const header = Buffer.alloc(fileHeaderBytes, 0xee);
  [0xed26ff3a, 1, fileHeaderBytes | (chunkHeaderBytes << 16), blockBytes, totalBlocks, chunks.length, 0].forEach(
    (value, index) => header.writeUInt32LE(value, 4 * index),
  );
  return Buffer.concat([header, ...chunks.flatMap(chunk => encoded(chunk, blockBytes, chunkHeaderBytes))]);
}

function encoded(chunk: TestChunk, blockBytes: number, headerBytes: number): Buffer[] {
  const payload = {
    raw: 'data' in chunk ? chunk.data : Buffer.alloc(0),
    fill: word(chunk),
    skip: Buffer.alloc(0),
    crc: word(chunk),
  }[chunk.kind];
  const header = Buffer.alloc(headerBytes, 0xee);
  header.writeUInt32LE({ raw: 0xcac1, fill: 0xcac2, skip: 0xcac3, crc: 0xcac4 }[chunk.kind], 0);
  header.writeUInt32LE(blocksOf(chunk, blockBytes), 4);
  header.writeUInt32LE(headerBytes + payload.length, 8);
  return [header, payload];
}

function word(chunk: TestChunk): Buffer {
  const bytes = Buffer.alloc(4);
  if (chunk.kind === 'fill') bytes.writeUInt32LE(chunk.word);
  return bytes;
}

/** What a sparse file says about each block: its content, or undefined where it does not care. */
export function blocksIn(file: Buffer): (string | undefined)[] {
  const [magic, version, , blockBytes = 0, totalBlocks, totalChunks = 0, checksum] = words(file, 0, 7);
  if (magic !== 0xed26ff3a || version !== 1 || file.readUInt32LE(8) !== (28 | (12 << 16)) || checksum !== 0) {
    throw new Error('The file header is not that of version 1.0.');
  }
  const blocks: (string | undefined)[] = [];
  let position = 28;
  for (let index = 0; index < totalChunks; index++) {
    const [type, count = 0, totalBytes = 0] = words(file, position, 3);
    const payload = file.subarray(position + 12, position + totalBytes);
    if (payload.length !== totalBytes - 12) throw new Error('A chunk is truncated.');
    position += totalBytes;
    for (let block = 0; block < count; block++) blocks.push(contentOf(type, payload, { block, blockBytes, count }));
  }
  if (position !== file.length) throw new Error('Something follows the last chunk.');
  if (blocks.length !== totalBlocks) throw new Error('The chunks do not add up.');
  return blocks;
}

interface BlockPlace {
  readonly block: number;
  readonly blockBytes: number;
  readonly count: number;
}

function contentOf(type: number | undefined, payload: Buffer, place: BlockPlace): string | undefined {
  const { block, blockBytes, count } = place;
  if (type === 0xcac1 && payload.length === count * blockBytes) {
    return payload.toString('hex', block * blockBytes, (block + 1) * blockBytes);
  }
  if (type === 0xcac2 && payload.length === 4) return payload.toString('hex').repeat(blockBytes / 4);
  if (type === 0xcac3 && payload.length === 0) return undefined;
  throw new Error('A chunk is not what its type says, or a CRC32.');
}

/** What the file was made from, by the block. */
export function blocksFrom({ blockBytes, chunks }: TestFile): (string | undefined)[] {
  return chunks.flatMap(chunk =>
    Array.from({ length: blocksOf(chunk, blockBytes) }, (_, block) => {
      if (chunk.kind === 'raw') return chunk.data.toString('hex', block * blockBytes, (block + 1) * blockBytes);
      return chunk.kind === 'fill'
        ? word(chunk)
            .toString('hex')
            .repeat(blockBytes / 4)
        : undefined;
    }),
  );
}

/** Later files write over earlier ones, as a board does that is given one after the other. */
export function overlaid(files: readonly (readonly (string | undefined)[])[]): (string | undefined)[] {
  const result: (string | undefined)[] = Array.from({ length: files[0]?.length ?? 0 }, () => undefined);
  for (const file of files) {
    file.forEach((content, index) => {
      result[index] = content ?? result[index];
    });
  }
  return result;
}

function words(bytes: Buffer, offset: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => bytes.readUInt32LE(offset + 4 * index));
}
