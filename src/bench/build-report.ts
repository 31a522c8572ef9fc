import type { Hello, Telemetry } from '../agent/messages.js';
import { safeText } from '../device/board-text.js';
import { ProtocolError } from '../errors.js';
import type { PushedModel } from '../models/push-models.js';
import { hottestOf, type ModelRun, type RunRecord } from './collect.js';
import { compareModel } from './compare.js';
import type { Histogram } from './histogram.js';
import type { BenchReport, Conditions, ModelReport } from './report.js';
import { DEFAULT_WARMUP, type BenchRequest } from './request.js';

export interface Findings {
  readonly models: readonly PushedModel[];
  readonly record: RunRecord;
  readonly hello: Hello;
  readonly request: BenchRequest;
  readonly startedAt: string;
}

const DRAWN_BINS = 200;

/** The result of a run. @throws ProtocolError if the agent said it was done and had measured nothing */
export function buildReport(findings: Findings): BenchReport {
  const { hello, record, request, startedAt, models } = findings;
  const conditions = conditionsOf(findings);
  const simulation = simulationOf(findings);
  const isCancelled = record.result?.endedBy === 'cancelled';
  // A run that was cancelled tells of what it had come to.
  const measured = models.filter(({ name }) => !isCancelled || record.modelOf(name).latencies.count > 0);
  const baseline = request.baseline ?? { kind: 'reference' };
  return {
    schema: 1,
    mdt: request.mdtVersion,
    startedAt,
    simulated: simulation !== null,
    simulation,
    board: boardOf(hello, request.boardName),
    conditions,
    endedBy: record.result?.endedBy ?? 'cancelled',
    models: measured.map(pushed => {
      const report = modelReport(pushed, record);
      return { ...report, comparison: compareModel({ report, model: pushed.model, conditions, hello }, baseline) };
    }),
  };
}

function boardOf({ board, python, libraries, tpus }: Hello, name: string): BenchReport['board'] {
  const clean = (text: string | null): string | null => (text === null ? null : safeText(text));
  return {
    name: safeText(name),
    model: clean(board.model),
    kernel: safeText(board.kernel),
    mendel: clean(board.mendel),
    machine: safeText(board.machine),
    python: safeText(python),
    libraries: libraries.map(library => ({ name: safeText(library.name), version: clean(library.version) })),
    tpus: tpus.map(({ type, index }) => `${type}:${String(index)}`),
  };
}

/** What was not the real thing, in a sentence for every output; null if all was. */
function simulationOf({ hello, record }: Findings): string | null {
  const standIn = [...record.models.values()].some(({ loaded }) => loaded.some(one => one.delegate === 'simulated'));
  if (standIn || hello.simulated) return 'simulated: a stand-in played the Edge TPU, and these are no times of one';
  if (hello.board.model === 'virtual board') return "simulated: a virtual board, and these are times of its host's CPU";
  return null;
}

function modelReport(
  { name, sha256, sizeBytes, model }: PushedModel,
  record: RunRecord,
): Omit<ModelReport, 'comparison'> {
  const run = record.modelOf(name);
  const [first] = run.loaded;
  const { latencies } = run;
  if (first === undefined || latencies.count === 0) throw nothingMeasured(name);
  const timed = record.result?.models.find(one => one.model === name);
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
    perSecond: timed === undefined || timed.wallNs === 0 ? null : (timed.invokes / timed.wallNs) * 1e9,
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

function conditionsOf({ record, request }: Findings): Conditions {
  const { telemetry, lastTelemetry } = record;
  const [before] = telemetry;
  const tpu = (one: Telemetry | undefined): number | null => celsius(one === undefined ? undefined : hottestOf(one));
  const cpu = (one: Telemetry | undefined): number | null => celsius(one?.cpuTempMilliC ?? undefined);
  const startNs = before?.atNs ?? 0;
  const cpuTemperatures = telemetry.flatMap(({ cpuTempMilliC }) => (cpuTempMilliC === null ? [] : [cpuTempMilliC]));
  const clocks = telemetry.flatMap(({ cpuFreqKHz }) => (cpuFreqKHz === null ? [] : [cpuFreqKHz / 1000]));
  const governor = telemetry.at(-1)?.governor ?? null;
  return {
    target: request.target,
    tpu: request.target === 'cpu' ? null : String(request.tpu ?? 0),
    streams: request.streams ?? 1,
    interleaved: request.interleave === true,
    warmup: request.warmup ?? DEFAULT_WARMUP,
    governor: governor === null ? null : safeText(governor),
    governorRestored: record.result?.governorRestored ?? true,
    tpuCelsius: { before: tpu(before), highest: celsius(record.hottestTpuMilliC), after: tpu(lastTelemetry) },
    cpuCelsius: {
      before: cpu(before),
      highest: celsius(cpuTemperatures.length === 0 ? undefined : Math.max(...cpuTemperatures)),
      after: cpu(lastTelemetry),
    },
    cpuMhz: {
      lowest: clocks.length === 0 ? null : Math.min(...clocks),
      highest: clocks.length === 0 ? null : Math.max(...clocks),
    },
    throttled: record.throttled,
    telemetry: telemetry.map(one => ({
      atMs: ms(Math.max(one.atNs - startNs, 0)),
      tpuCelsius: tpu(one),
      cpuCelsius: cpu(one),
    })),
  };
}

/** Six significant digits of a millisecond: a nanosecond of one. */
function ms(ns: number): number {
  return Number((ns / 1e6).toPrecision(6));
}

function meanMs(copies: Histogram): number | null {
  return copies.count === 0 ? null : ms(copies.mean);
}

function celsius(milliC: number | undefined): number | null {
  return milliC === undefined ? null : milliC / 1000;
}
