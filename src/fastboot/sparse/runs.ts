import type { Run, Skip } from './chunk.js';

/** What `uniformWord` says of data that is not one word over and over. */
const NONE = -1;

/** Sorts the blocks of `bytes`, which is a whole number of them, into runs. Zeros are a word like any other. */
export function findRuns(bytes: Buffer, blockBytes: number): Run[] {
  const runs: Run[] = [];
  let word = NONE;
  let blocks = 0;
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const next = uniformWord(bytes, start, start + blockBytes);
    if (next !== word && blocks > 0) {
      runs.push(runOf(word, blocks));
      blocks = 0;
    }
    word = next;
    blocks += 1;
  }
  if (blocks > 0) runs.push(runOf(word, blocks));
  return runs;
}

function runOf(word: number, blocks: number): Run {
  return word === NONE ? { kind: 'raw', blocks } : { kind: 'fill', blocks, word };
}

/** Whether two neighbours are one run. */
export function canJoin(a: Run | Skip, b: Run | Skip): boolean {
  return a.kind === b.kind && (a.kind !== 'fill' || b.kind !== 'fill' || a.word === b.word);
}

/** The 32-bit word that the stretch is made of, if it is one over and over: it equals itself moved by one word then. */
function uniformWord(bytes: Buffer, start: number, end: number): number {
  // Almost all data differs in its first or last words: the whole is compared only where these agree.
  const word = bytes.readUInt32LE(start);
  const differs = word !== bytes.readUInt32LE(end - 4) || word !== bytes.readUInt32LE(start + 4);
  return !differs && bytes.compare(bytes, start + 4, end, start, end - 4) === 0 ? word : NONE;
}
