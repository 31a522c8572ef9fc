/** Values below this have a bin each; above, each power of two has half as many, so a bin is at most 0.1 % wide. */
const FINE_BINS = 2048;
const OCTAVE_BINS = FINE_BINS / 2;
const FINE_BITS = 11;

/**
 * Counts of whole numbers, such as nanoseconds, that keep every quantile to three digits in bounded memory: the bins of
 * HdrHistogram. A day in nanoseconds needs 39,000 bins, however many values there are.
 */
export class Histogram {
  #bins = new Float64Array(FINE_BINS);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  /** Counts a value from 0 to 2^53 - 1. */
  add(value: number): void {
    const index = indexOf(value);
    if (index >= this.#bins.length) {
      const grown = new Float64Array(Math.ceil((index + 1) / OCTAVE_BINS) * OCTAVE_BINS);
      grown.set(this.#bins);
      this.#bins = grown;
    }
    this.#bins[index] = (this.#bins[index] ?? 0) + 1;
    this.#count += 1;
    this.#sum += value;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  get count(): number {
    return this.#count;
  }

  get mean(): number {
    return this.#sum / this.#count;
  }

  /** Exact, as the greatest is. */
  get min(): number {
    return this.#min;
  }

  get max(): number {
    return this.#max;
  }

  /** The value that this share of all values does not exceed (nearest rank), within 0.05 %; NaN without values. */
  quantile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = Math.min(Math.max(Math.ceil(share * this.#count), 1), this.#count);
    if (rank === this.#count) return this.#max;
    let seen = 0;
    for (const [index, count] of this.#bins.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(Math.max(middleOf(index), this.#min), this.#max);
    }
    return this.#max;
  }

  /** The bins with something in them, in order, for drawing. */
  *bins(): Generator<{ readonly value: number; readonly count: number }> {
    for (const [index, count] of this.#bins.entries()) if (count > 0) yield { value: middleOf(index), count };
  }
}

function indexOf(value: number): number {
  if (value < FINE_BINS) return value;
  const bits = value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(value / 2 ** 32);
  const shift = bits - FINE_BITS;
  return FINE_BINS + (shift - 1) * OCTAVE_BINS + Math.floor(value / 2 ** shift) - OCTAVE_BINS;
}

function middleOf(index: number): number {
  if (index < FINE_BINS) return index;
  const octave = Math.floor((index - FINE_BINS) / OCTAVE_BINS);
  const width = 2 ** (octave + 1);
  return (OCTAVE_BINS + ((index - FINE_BINS) % OCTAVE_BINS)) * width + width / 2;
}
