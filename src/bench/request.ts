import type { Baseline } from './compare.js';

/** Inferences after the first that are not measured, where none are asked for. */
export const DEFAULT_WARMUP = 5;

/** What a run is to be like, whatever it measures. */
export interface RunChoices {
  readonly target: 'tpu' | 'cpu';
  /** Default: the first. `all` also measures how throughput grows with their number. */
  readonly tpu?: number | 'all' | undefined;
  /** Inferences after the first that are not measured; default 5. */
  readonly warmup?: number | undefined;
  readonly streams?: number | undefined;
  readonly interleave?: boolean | undefined;
  /** Of each interpreter, for what runs on the CPU; the library chooses unless it is told. */
  readonly threads?: number | undefined;
  /** Set for the run, and set back. */
  readonly governor?: 'performance' | undefined;
}

/** What is measured, and how. */
export interface BenchRequest extends RunChoices {
  /** Model files of this host. */
  readonly files: readonly string[];
  /** Name of the board, for the report. */
  readonly boardName: string;
  readonly mdtVersion: string;
  /** Measured inferences of each model in each stream; default 500, on the CPU 50. Not together with `durationMs`. */
  readonly runs?: number | undefined;
  readonly durationMs?: number | undefined;
  /** Push models that the board's Edge TPU runtime is too old for, too. */
  readonly force?: boolean | undefined;
  readonly baseline?: Baseline | undefined;
}
