import test from 'ava';
import fc from 'fast-check';
import { Histogram } from '../../src/bench/histogram.js';

const QUANTILES = [0, 0.01, 0.5, 0.9, 0.99, 0.999, 1];

/** The nearest rank, as the histogram means it. */
function exactQuantile(sorted: readonly number[], share: number): number {
  const rank = Math.min(Math.max(Math.ceil(share * sorted.length), 1), sorted.length);
  return sorted[rank - 1] ?? Number.NaN;
}

function checkAgainstExact(values: readonly number[]): boolean {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  const sorted = values.toSorted((a, b) => a - b);
  return QUANTILES.every(share => {
    const exact = exactQuantile(sorted, share);
    return Math.abs(histogram.quantile(share) - exact) <= exact / 2000;
  });
}

test('every quantile of any values is right to three digits; least, greatest and mean are exact', t => {
  const values = fc.array(fc.oneof(fc.nat(5000), fc.nat(), fc.maxSafeNat()), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(values, all => {
      const histogram = new Histogram();
      for (const value of all) histogram.add(value);
      return histogram.min === Math.min(...all) && histogram.max === Math.max(...all) && checkAgainstExact(all);
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('a million latencies with a long tail keep their 99th percentile to three digits', t => {
  const count = 1_000_000;
  // Quantiles of a Pareto distribution from its inverse, each once, in an order that is none.
  const valueAt = (rank: number): number => Math.round(2_000_000 / (1 - rank / count) ** 0.4);
  const histogram = new Histogram();
  for (let index = 0; index < count; index++) histogram.add(valueAt((index * 7919) % count));
  for (const share of [0.5, 0.9, 0.99, 0.9999]) {
    const exact = valueAt(Math.ceil(share * count) - 1);
    t.true(Math.abs(histogram.quantile(share) / exact - 1) < 0.0005, String(share));
  }
  t.is(histogram.count, count);
});

test('it says of equal values that they are equal, and of none that it does not know', t => {
  const histogram = new Histogram();
  t.is(histogram.quantile(0.5), Number.NaN);
  for (let index = 0; index < 10; index++) histogram.add(3_141_592);
  for (const share of QUANTILES) t.is(histogram.quantile(share), 3_141_592);
  t.is(histogram.mean, 3_141_592);
  t.is([...histogram.bins()].length, 1);
});
