import type { DownloadMemory } from './download-memory.js';
import type { Emmc, Region } from './emmc.js';
import { SECTOR_BYTES } from '../../formats/gpt/layout.js';
import { StorageFault } from './storage-fault.js';

const SPARSE_MAGIC = 0xed26ff3a;
const SPARSE_HEADER_BYTES = 28;
const RAW = 0xcac1;
const FILL = 0xcac2;
const DONT_CARE = 0xcac3;

/**
 * Writes what was downloaded as U-Boot does, with its carelessness (drivers/fastboot/fb_mmc.c, lib/image-sparse.c):
 * a sparse file of another major version is taken for raw, the tail of the last sector is what was in memory, sizes are
 * held against the partition chunk by chunk, and the total of the blocks only when all is written.
 * @throws StorageFault
 */
export async function writeImage(memory: DownloadMemory, emmc: Emmc, region: Region): Promise<void> {
  const header = memory.read(0, SPARSE_HEADER_BYTES);
  const isSparse = header.readUInt32LE(0) === SPARSE_MAGIC && header.readUInt16LE(4) === 1;
  if (memory.sizeBytes >= SPARSE_HEADER_BYTES && isSparse) await writeSparse(memory, emmc, { region, header });
  else await writeRaw(memory, emmc, region);
}

async function writeRaw(memory: DownloadMemory, emmc: Emmc, region: Region): Promise<void> {
  if (memory.sizeBytes > region.sizeBytes) throw new StorageFault('too large for partition');
  let position = 0;
  for await (const piece of memory.pieces(0, memory.sizeBytes)) {
    const tail = -piece.length & (SECTOR_BYTES - 1);
    const sectors = tail === 0 ? piece : Buffer.concat([piece, Buffer.alloc(tail, 'stale memory ')]);
    emmc.write(region, position, sectors);
    position += sectors.length;
  }
}

interface SparseJob {
  readonly region: Region;
  readonly header: Buffer;
}

async function writeSparse(memory: DownloadMemory, emmc: Emmc, { region, header }: SparseJob): Promise<void> {
  const blockBytes = header.readUInt32LE(12);
  if (blockBytes === 0 || blockBytes % SECTOR_BYTES !== 0) throw new StorageFault('sparse image block size issue');
  const chunkHeaderBytes = header.readUInt16LE(10);
  let source = header.readUInt16LE(8);
  let block = 0;
  for (let left = header.readUInt32LE(20); left > 0; left--) {
    // A header that counts more chunks than there are makes U-Boot read on in its memory.
    if (source >= memory.sizeBytes) throw new StorageFault('Unknown chunk type');
    const chunk = memory.read(source, Math.max(12, chunkHeaderBytes));
    source += chunkHeaderBytes;
    const blocks = chunk.readUInt32LE(4);
    const place = { offsetBytes: block * blockBytes, lengthBytes: blocks * blockBytes };
    const dataBytes = chunk.readUInt32LE(8) - chunkHeaderBytes;
    source += await writeChunk(memory, emmc, { region, source, type: chunk.readUInt16LE(0), dataBytes, ...place });
    block += blocks;
  }
  if (block !== header.readUInt32LE(16)) throw new StorageFault('sparse image write failure');
}

interface Chunk {
  readonly region: Region;
  readonly type: number;
  /** Where its data are in the file, and how many it says they are. */
  readonly source: number;
  readonly dataBytes: number;
  /** What it covers of the partition. */
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** How many bytes of the file the chunk has taken. */
async function writeChunk(memory: DownloadMemory, emmc: Emmc, chunk: Chunk): Promise<number> {
  const { region, offsetBytes, lengthBytes } = chunk;
  if (chunk.type === DONT_CARE) return 0;
  if (chunk.type === FILL) {
    await emmc.fill(region, offsetBytes, { pattern: memory.read(chunk.source, 4), lengthBytes });
    return 4;
  }
  // CRC32 too: U-Boot does not step over its four bytes, and finds no chunk there.
  if (chunk.type !== RAW) throw new StorageFault('Unknown chunk type');
  if (chunk.dataBytes !== lengthBytes) throw new StorageFault('Bogus chunk size for chunk type Raw');
  let done = 0;
  for await (const piece of memory.pieces(chunk.source, lengthBytes)) {
    emmc.write(region, offsetBytes + done, piece);
    done += piece.length;
  }
  return lengthBytes;
}
