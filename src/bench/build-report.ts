import type { Hello } from '../agent/messages.js';
import { safeText } from '../device/board-text.js';
import { ProtocolError } from '../errors.js';
import type { PushedModel } from '../models/push-models.js';
import type { ModelRun, RunRecord } from './collect.js';
import { compareModel } from './compare.js';
import { boardOf, conditionsOf, simulationOf } from './conditions.js';
import type { Histogram } from './histogram.js';
import type { BenchReport, ModelReport, Scaling } from './report.js';
import type { BenchRequest } from './request.js';

export interface Findings {
  readonly models: readonly PushedModel[];
  readonly record: RunRecord;
  readonly hello: Hello;
  readonly request: BenchRequest;
  /** By the clock of this host, milliseconds since 1970, when the agent said hello. */
  readonly startedAtMs: number;
  /** How throughput grew with the number of Edge TPUs, where that was measured. */
  readonly scaling?: readonly Scaling[];
}

const DRAWN_BINS = 200;

/** The result of a run. @throws ProtocolError if the agent said it was done and had measured nothing */
export function buildReport(findings: Findings): BenchReport {
  const { hello, record, request, startedAtMs, models } = findings;
  const conditions = conditionsOf(record, request);
  const simulation = simulationOf(hello, record);
  const isCancelled = record.result?.endedBy === 'cancelled';
  // A run that was cancelled tells of what it had come to.
  const measured = models.filter(({ name }) => !isCancelled || record.modelOf(name).latencies.count > 0);
  const baseline = request.baseline ?? { kind: 'reference' };
  return {
    schema: 1,
    mdt: request.mdtVersion,
    startedAt: new Date(startedAtMs).toISOString(),
    simulated: simulation !== null,
    simulation,
    board: boardOf(hello, request.boardName, startedAtMs),
    conditions,
    endedBy: record.result?.endedBy ?? 'cancelled',
    models: measured.map(pushed => {
      const report = modelReport(pushed, record);
      return { ...report, comparison: compareModel({ report, model: pushed.model, conditions, hello }, baseline) };
    }),
    scaling: findings.scaling ?? [],
    training: [],
  };
}

function modelReport(
  { name, sha256, sizeBytes, model }: PushedModel,
  record: RunRecord,
): Omit<ModelReport, 'comparison'> {
  const run = record.modelOf(name);
  const [first] = run.loaded;
  const { latencies } = run;
  if (first === undefined || latencies.count === 0) throw nothingMeasured(name);
  return {
    name: safeText(name),
    sha256,
    sizeBytes,
    edgetpu: model.edgeTpu !== undefined,
    runtime: first.runtime,
    delegate: first.delegate,
    loadMs: ms(Math.max(...run.loaded.map(({ loadNs }) => loadNs))),
    firstMs: ms(Math.max(...run.loaded.map(({ firstNs }) => firstNs))),
    inferences: latencies.count,
    minMs: ms(latencies.min),
    p50Ms: ms(latencies.quantile(0.5)),
    p90Ms: ms(latencies.quantile(0.9)),
    p99Ms: ms(latencies.quantile(0.99)),
    maxMs: ms(latencies.max),
    meanMs: ms(latencies.mean),
    perSecond: run.perSecond ?? null,
    inputCopyMs: meanMs(run.inputCopies),
    outputCopyMs: meanMs(run.outputCopies),
    drift: run.timeline.drift() ?? null,
    outputSha256: first.outputSha256,
    ...drawing(run),
  };
}

function nothingMeasured(name: string): ProtocolError {
  return new ProtocolError(`The benchmark agent measured nothing of ${safeText(name)}.`, {
    hint: 'If the run was interrupted, let it go on for longer; else please report it.',
    facts: { bytes: '' },
  });
}

function drawing({ latencies, timeline }: ModelRun): Pick<ModelReport, 'distribution' | 'timeline'> {
  return {
    distribution: binned(latencies),
    timeline: timeline.slots().map(({ atNs, mean, max }) => ({ atMs: ms(atNs), meanMs: ms(mean), maxMs: ms(max) })),
  };
}

/** Bins of equal width for drawing. What is beyond three times the 99th percentile is counted in the last. */
function binned(latencies: Histogram): ModelReport['distribution'] {
  const end = Math.min(latencies.max, latencies.quantile(0.99) * 3);
  const width = Math.max((end - latencies.min) / DRAWN_BINS, 1);
  const counts = new Map<number, number>();
  for (const { value, count } of latencies.bins()) {
    const bin = Math.min(Math.max(Math.floor((value - latencies.min) / width), 0), DRAWN_BINS - 1);
    counts.set(bin, (counts.get(bin) ?? 0) + count);
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([bin, count]) => ({ ms: ms(latencies.min + (bin + 0.5) * width), count }));
}

/** Six significant digits of a millisecond: a nanosecond of one. */
function ms(ns: number): number {
  return Number((ns / 1e6).toPrecision(6));
}

function meanMs(copies: Histogram): number | null {
  return copies.count === 0 ? null : ms(copies.mean);
}
