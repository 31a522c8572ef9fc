import { join } from 'node:path';
import { BenchDesk } from './bench-desk.js';
import { median } from './measure.js';
import { comparison, type Row } from './row.js';
import { writeTree } from './test-data.js';

const RUNS = 3;
const FILE_COUNTS = [1, 10, 100, 1000, 10_000] as const;
const BOARD_COUNTS = [1, 5, 10, 20] as const;
/** Flat, allowing for the noise of a difference of two medians. */
const FLAT = 1.5;

export async function scaling(): Promise<Row[]> {
  return [await perFile(), await perBoard()];
}

/** The cost of a further file among 10,000 beside that among 1000. */
async function perFile(): Promise<Row> {
  await using desk = await BenchDesk.open(1);
  const times = new Map<number, number[]>();
  for (const count of FILE_COUNTS) {
    const tree = await writeTree(join(desk.folder, `tree-${String(count)}`), count);
    const runs: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      await desk.clean();
      runs.push(await desk.mdt(['push', tree, '/home/mendel/bench/']));
    }
    times.set(count, runs);
  }
  return comparison(
    'a further file, 1000 to 10,000',
    { peerName: '1 to 1000', target: FLAT, unit: 'ms/file' },
    { ours: [slope(times, 1000, 10_000)], peer: [slope(times, 1, 1000)] },
  );
}

/** The cost of a further board among 20 beside that among 10; at least three milliseconds, below which it is noise. */
async function perBoard(): Promise<Row> {
  const times = new Map<number, number[]>();
  for (const count of BOARD_COUNTS) {
    await using desk = await BenchDesk.open(count);
    const runs: number[] = [];
    for (let run = 0; run < RUNS * 2; run++) runs.push(await desk.mdt(['devices']));
    times.set(count, runs);
  }
  const atLeast = (ms: number): number => Math.max(3, ms);
  return comparison(
    'a further board, 10 to 20',
    { peerName: '1 to 10', target: FLAT, unit: 'ms/board' },
    { ours: [atLeast(slope(times, 10, 20))], peer: [atLeast(slope(times, 1, 10))] },
  );
}

function slope(times: ReadonlyMap<number, readonly number[]>, from: number, to: number): number {
  return (median(times.get(to) ?? []) - median(times.get(from) ?? [])) / (to - from);
}
