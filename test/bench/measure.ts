import { performance } from 'node:perf_hooks';

/** Runs `work` and returns how long it took, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export interface Pairs {
  readonly ours: readonly number[];
  readonly peer: readonly number[];
}

/** Measures the two in turn, the order changing from pair to pair, so that a slow moment of the machine hits both. */
export async function alternate(
  pairs: number,
  ours: () => Promise<number>,
  peer: () => Promise<number>,
): Promise<Pairs> {
  const result = { ours: [] as number[], peer: [] as number[] };
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) result.ours.push(await ours());
    result.peer.push(await peer());
    if (pair % 2 === 1) result.ours.push(await ours());
  }
  return result;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? low;
  return (low + high) / 2;
}

/** Median of the ratios of the pairs: each pair ran side by side. */
export function ratioOf(pairs: Pairs): number {
  return median(pairs.ours.map((ours, index) => ours / (pairs.peer[index] ?? Number.NaN)));
}
