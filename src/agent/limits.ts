/** Most inferences that a run asks for, of each model in each stream. */
export const MAX_RUNS = 100_000_000;

/** Longest time that a run asks for: a day. */
export const MAX_DURATION_MS = 86_400_000;
