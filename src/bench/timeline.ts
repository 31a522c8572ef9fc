const MAX_SLOTS = 256;
const FIRST_WIDTH_NS = 1_000_000;
/** With fewer values a tenth of them is no more than a few, which say nothing of a trend. */
const MIN_DRIFT_COUNT = 50;

export interface TimeSlot {
  /** Middle of the slot, nanoseconds since the first value. */
  readonly atNs: number;
  readonly count: number;
  readonly mean: number;
  readonly max: number;
}

interface Sums {
  count: number;
  sum: number;
  max: number;
}

/** How values went over time, in bounded memory: slots of equal width, which doubles whenever there would be too many. */
export class Timeline {
  #slots: Sums[] = [];
  #widthNs = FIRST_WIDTH_NS;
  #startNs: number | undefined;

  add(atNs: number, value: number): void {
    this.#startNs ??= atNs;
    const sinceStartNs = Math.max(atNs - this.#startNs, 0);
    while (sinceStartNs >= this.#widthNs * MAX_SLOTS) this.#halve();
    const index = Math.floor(sinceStartNs / this.#widthNs);
    while (this.#slots.length <= index) this.#slots.push({ count: 0, sum: 0, max: 0 });
    add(this.#slots[index], { count: 1, sum: value, max: value });
  }

  /** The slots that have values. */
  slots(): TimeSlot[] {
    return this.#slots.flatMap(({ count, sum, max }, index) =>
      count === 0 ? [] : [{ atNs: (index + 0.5) * this.#widthNs, count, mean: sum / count, max }],
    );
  }

  /** Mean of the last tenth of the time over that of the first, less 1; undefined if there is too little to tell. */
  drift(): number | undefined {
    const slots = this.slots();
    const tenth = Math.floor(slots.length / 10);
    const count = slots.reduce((sum, slot) => sum + slot.count, 0);
    if (tenth < 1 || count < MIN_DRIFT_COUNT) return undefined;
    return meanOf(slots.slice(-tenth)) / meanOf(slots.slice(0, tenth)) - 1;
  }

  #halve(): void {
    const halved: Sums[] = [];
    for (const [index, slot] of this.#slots.entries()) {
      if (index % 2 === 0) halved.push(slot);
      else add(halved.at(-1), slot);
    }
    this.#slots = halved;
    this.#widthNs *= 2;
  }
}

function add(slot: Sums | undefined, more: Sums): void {
  if (slot === undefined) return;
  slot.count += more.count;
  slot.sum += more.sum;
  slot.max = Math.max(slot.max, more.max);
}

function meanOf(slots: readonly TimeSlot[]): number {
  const count = slots.reduce((sum, slot) => sum + slot.count, 0);
  return slots.reduce((sum, slot) => sum + slot.mean * slot.count, 0) / count;
}
