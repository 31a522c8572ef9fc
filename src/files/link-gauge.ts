import { deflateRaw } from 'node:zlib';
import { promisify } from 'node:util';
import type { BoardPipe } from './board-pipe.js';

/** How much the data itself, in pieces from several places, shrinks, and how fast this host compresses it. */
export interface CompressionSample {
  /** Compressed size by size; 1 or more means that nothing is gained. */
  readonly ratio: number;
  readonly bytesPerS: number;
}

/** Sent first, uncompressed, to see how fast the link is. */
export const PROBE_BYTES = 256 * 1024;
/** Below this the probe costs more than compression could gain. */
export const MIN_COMPRESSED_BYTES = 1024 * 1024;

const SAMPLE_BYTES = 64 * 1024;
const WORTHWHILE_RATIO = 0.8;
/** A board unpacks gzip at 40 MB/s or more; links faster than a third of that gain little and lose time. */
const FAST_LINK_BYTES_PER_S = 15e6;

const deflate = promisify(deflateRaw) as (data: Buffer, options: { level: number }) => Promise<Buffer>;

export async function sampleCompression(pieces: readonly Buffer[]): Promise<CompressionSample> {
  const sample = Buffer.concat(pieces.map(piece => piece.subarray(0, SAMPLE_BYTES)));
  if (sample.length === 0) return { ratio: 1, bytesPerS: Number.POSITIVE_INFINITY };
  const startedAt = performance.now();
  const packed = await deflate(sample, { level: 6 });
  const seconds = Math.max(0.0001, (performance.now() - startedAt) / 1000);
  return { ratio: packed.length / sample.length, bytesPerS: sample.length / seconds };
}

export function isCompressible(sample: CompressionSample): boolean {
  return sample.ratio < WORTHWHILE_RATIO;
}

/**
 * Sends the beginning of what is to be sent and sees how long it takes. The script on the other side reads
 * `probe LENGTH`, says a line, reads that much, and says another line.
 */
export async function probe(pipe: BoardPipe, beginning: Buffer, gauge: LinkGauge): Promise<void> {
  await pipe.send(`probe ${String(beginning.length)}\n`);
  if ((await pipe.line()) === undefined) return;
  const startedAt = performance.now();
  await pipe.send(beginning);
  if ((await pipe.line()) !== undefined) gauge.measured(beginning.length, performance.now() - startedAt);
}

/** What is known of the link of one transfer: measured once, used for everything after. */
export class LinkGauge {
  #bytesPerS: number | undefined;

  get isMeasured(): boolean {
    return this.#bytesPerS !== undefined;
  }

  /** `bytes` were sent, and the board said after `elapsedMs` that it has them. */
  measured(bytes: number, elapsedMs: number): void {
    this.#bytesPerS = bytes / Math.max(0.0005, elapsedMs / 1000);
  }

  /**
   * The zlib level that pays on this link, 0 for none. Level 6 packs as well as `ssh -C`; where it would itself be
   * slower than the link is with the packed data, level 1 is quicker and packs nearly as well.
   */
  level(sample: CompressionSample): number {
    if (this.#bytesPerS === undefined || this.#bytesPerS > FAST_LINK_BYTES_PER_S || !isCompressible(sample)) return 0;
    return sample.bytesPerS * sample.ratio > this.#bytesPerS ? 6 : 1;
  }
}
