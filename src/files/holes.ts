import type { LocalEntry } from './local-tree.js';
import { readChunks } from './local-read.js';

/** A run of zeros shorter than this costs the board less to write than to skip. */
const MIN_HOLE_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(256 * 1024);

/** A stretch of a file that is content, or a hole that is read as zeros. */
export interface Stretch {
  readonly kind: 'data' | 'hole';
  readonly start: number;
  readonly end: number;
}

/**
 * Content and holes of a file from `position` on. Which blocks are holes Node cannot ask, but where a file takes less
 * space than it is long, runs of zeros are taken as holes; reading those costs next to nothing. @throws FileError
 */
export async function stretchesOf(entry: LocalEntry, position: number): Promise<Stretch[]> {
  if (!entry.hasHoles) return [{ kind: 'data', start: position, end: entry.sizeBytes }];
  const stretches: Stretch[] = [];
  let at = position;
  for await (const chunk of readChunks(entry, position)) {
    const kind = isZero(chunk) ? 'hole' : 'data';
    const last = stretches.at(-1);
    const start = last?.kind === kind ? last.start : at;
    if (last?.kind === kind) stretches.pop();
    at += chunk.length;
    stretches.push({ kind, start, end: at });
  }
  return joined(stretches);
}

/** Without holes that are too short to be worth it. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const stretch of stretches) {
    const { start, end } = stretch;
    const kind = stretch.kind === 'hole' && end - start < MIN_HOLE_BYTES ? 'data' : stretch.kind;
    const last = result.at(-1);
    if (last?.kind === kind) result[result.length - 1] = { kind, start: last.start, end };
    else result.push({ kind, start, end });
  }
  return result;
}

function isZero(chunk: Buffer): boolean {
  return chunk.equals(chunk.length === ZEROS.length ? ZEROS : ZEROS.subarray(0, chunk.length));
}
