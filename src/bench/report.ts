import {
  boolean,
  integer,
  list,
  number,
  object,
  oneOf,
  orNull,
  text,
  type Infer,
  type JsonSchema,
} from '../agent/shape.js';

/*
 * The result of `mdt bench`, as `--json` writes it; fields are added, never changed. Times are in milliseconds,
 * temperatures in degrees Celsius; null is what this board or this run does not tell.
 */

const count = integer(0);

const temperature = object({ before: orNull(number), highest: orNull(number), after: orNull(number) });

const model = object({
  name: text(),
  sha256: text(64),
  sizeBytes: count,
  edgetpu: boolean,
  runtime: text(32),
  /** `simulated`: a stand-in played the Edge TPU. */
  delegate: oneOf('edgetpu', 'cpu', 'simulated'),
  /** Longest of all streams. */
  loadMs: number,
  firstMs: number,
  /** Measured inferences of all streams. */
  inferences: count,
  minMs: number,
  p50Ms: number,
  p90Ms: number,
  p99Ms: number,
  maxMs: number,
  meanMs: number,
  perSecond: orNull(number),
  inputCopyMs: orNull(number),
  outputCopyMs: orNull(number),
  /** Mean of the last tenth of the run over that of the first, less 1. */
  drift: orNull(number),
  outputSha256: text(64),
  /** For drawing: latencies and how often they were, at most some hundred of each. */
  distribution: list(object({ ms: number, count }), 1024),
  timeline: list(object({ atMs: number, meanMs: number, maxMs: number }), 1024),
  comparison: orNull(
    object({
      with: text(),
      theirMs: number,
      ourMs: number,
      /** Ours over theirs. */
      ratio: number,
      verdict: oneOf('faster', 'as expected', 'slower'),
      /** What is known of this run that makes inferences slow. */
      reasons: list(text(), 32),
    }),
  ),
});

/** A model on the first so many Edge TPUs, each with its share of the same number of inferences. */
const scaling = object({
  model: text(),
  tpus: count,
  perSecond: number,
  /** Throughput over that of one Edge TPU. */
  speedUp: number,
});

/** A training on the board; no time where `reason` says why it was not made. */
const training = object({
  name: text(),
  kind: oneOf('softmax', 'imprinting'),
  classes: count,
  size: count,
  /** Steps of 100 samples, or samples for imprinting. */
  steps: count,
  delegate: orNull(oneOf('edgetpu', 'cpu', 'simulated')),
  ms: orNull(number),
  loss: orNull(number),
  reason: orNull(text()),
  /** What Google published for this kind of board. */
  referenceMs: orNull(number),
});

const report = object({
  schema: oneOf(1),
  mdt: text(64),
  /** ISO 8601, by the clock of this host. */
  startedAt: text(64),
  /** Something was not the real thing, and `simulation` says what: no time here is an Edge TPU's. */
  simulated: boolean,
  simulation: orNull(text()),
  board: object({
    name: text(),
    model: orNull(text()),
    kernel: text(),
    mendel: orNull(text()),
    machine: text(),
    python: text(),
    libraries: list(object({ name: text(), version: orNull(text()) }), 16),
    tpus: list(text(32), 64),
    /** How far the clock of the board is ahead of this host's, in seconds; 0 for up to a minute. */
    clockOffByS: integer(-Number.MAX_SAFE_INTEGER),
  }),
  conditions: object({
    target: oneOf('tpu', 'cpu'),
    tpu: orNull(text(8)),
    streams: count,
    interleaved: boolean,
    /** Null: the library chose. */
    threads: orNull(count),
    warmup: count,
    governor: orNull(text(64)),
    governorRestored: boolean,
    tpuCelsius: temperature,
    cpuCelsius: temperature,
    cpuMhz: object({
      before: orNull(number),
      lowest: orNull(number),
      highest: orNull(number),
      after: orNull(number),
    }),
    /** Whether the Edge TPU was slowed down because it was hot: at any time, at the start, at the end. */
    throttled: orNull(boolean),
    throttledBefore: orNull(boolean),
    throttledAfter: orNull(boolean),
    telemetry: list(object({ atMs: number, tpuCelsius: orNull(number), cpuCelsius: orNull(number) }), 1024),
  }),
  endedBy: oneOf('runs', 'duration', 'cancelled'),
  models: list(model, 64),
  /** Empty unless more than one Edge TPU was measured. */
  scaling: list(scaling, 4096),
  /** Empty unless training was measured. */
  training: list(training, 64),
});

/** Result of a benchmark. Times are in milliseconds; its schema is `bench-result.schema.json`. */
export type BenchReport = Infer<typeof report>;
/** What was measured of one model. Times are in milliseconds. */
export type ModelReport = BenchReport['models'][number];
/** Throughput by the number of Edge TPUs. */
export type Scaling = BenchReport['scaling'][number];
/** What training on the board took. Times are in milliseconds. */
export type TrainingReport = BenchReport['training'][number];
/** Clocks, temperatures and settings of the board during a benchmark. */
export type Conditions = BenchReport['conditions'];
/** A measured time beside the time that it is compared with. */
export type Comparison = NonNullable<ModelReport['comparison']>;

/** Reads a result that was written before. @throws ShapeError */
export function parseReport(value: unknown): BenchReport {
  return report.read(value, 'the result');
}

/** JSON Schema of the result, published with the package as `bench-result.schema.json`. */
export function reportSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Result of mdt bench, version 1',
    ...report.schema,
  };
}
