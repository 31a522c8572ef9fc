import type { Run } from './chunk.js';

/** Sorts the blocks of `bytes`, which is a whole number of them, into runs. Zeros are a word like any other. */
export function findRuns(bytes: Buffer, blockBytes: number): Run[] {
  const runs: Run[] = [];
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const run: Run = isUniform(bytes, start, start + blockBytes)
      ? { kind: 'fill', blocks: 1, word: bytes.readUInt32LE(start) }
      : { kind: 'raw', blocks: 1 };
    const last = runs.at(-1);
    if (last !== undefined && canJoin(last, run)) runs[runs.length - 1] = joined(last, run);
    else runs.push(run);
  }
  return runs;
}

/** Whether two neighbours are one run. */
export function canJoin(a: Run, b: Run): boolean {
  return a.kind === 'fill' ? b.kind === 'fill' && a.word === b.word : b.kind === 'raw';
}

export function joined(a: Run, b: Run): Run {
  return { ...a, blocks: a.blocks + b.blocks };
}

/** Whether the stretch is one 32-bit word over and over: if so, it equals itself moved by one word. */
function isUniform(bytes: Buffer, start: number, end: number): boolean {
  // Almost all data differs in its first or last word: the whole is compared only where these agree.
  const word = bytes.readUInt32LE(start);
  if (word !== bytes.readUInt32LE(end - 4)) return false;
  if (end - start >= 8 && word !== bytes.readUInt32LE(start + 4)) return false;
  return bytes.compare(bytes, start + 4, end, start, end - 4) === 0;
}
