import type { Hello, Telemetry } from '../agent/messages.js';
import { safeText } from '../device/board-text.js';
import { hottestOf, type RunRecord } from './collect.js';
import type { BenchReport, Conditions } from './report.js';
import { DEFAULT_WARMUP, type RunChoices } from './request.js';

/** A board whose clock is further off than this is told of. */
const CLOCK_TOLERANCE_S = 60;

/** What the agent said of its board. `nowMs` is the time of this host when it said so, milliseconds since 1970. */
export function boardOf(hello: Hello, name: string, nowMs: number): BenchReport['board'] {
  const { board, python, libraries, runtimes, tpus, clockMs } = hello;
  const clean = (text: string | null): string | null => (text === null ? null : safeText(text));
  const usable = runtimes.filter(runtime => runtime.usable);
  const offByS = Math.round((clockMs - nowMs) / 1000);
  return {
    name: safeText(name),
    model: clean(board.model),
    kernel: safeText(board.kernel),
    mendel: clean(board.mendel),
    machine: safeText(board.machine),
    python: safeText(python),
    libraries: [...usable, ...libraries].map(one => ({ name: safeText(one.name), version: clean(one.version) })),
    tpus: tpus.map(({ type, index }) => `${type}:${String(index)}`),
    clockOffByS: Math.abs(offByS) > CLOCK_TOLERANCE_S ? offByS : 0,
  };
}

/** What was not the real thing, in a sentence for every output; null if all was. */
export function simulationOf({ simulated, board }: Hello, record: RunRecord): string | null {
  const standIn = [...record.models.values()].some(({ loaded }) => loaded.some(one => one.delegate === 'simulated'));
  if (standIn || simulated) return 'simulated: a stand-in played the Edge TPU, and these are no times of one';
  if (isVirtual(board)) return "simulated: a virtual board, and these are times of its host's CPU";
  return null;
}

/** What a run was made under. */
export function conditionsOf(record: RunRecord, request: RunChoices): Conditions {
  const { telemetry, lastTelemetry, throttled, result } = record;
  const governor = lastTelemetry?.governor ?? null;
  return {
    target: request.target,
    tpu: usedTpu(record, request),
    streams: request.streams ?? 1,
    interleaved: request.interleave === true,
    threads: request.threads ?? null,
    warmup: request.warmup ?? DEFAULT_WARMUP,
    governor: governor === null ? null : safeText(governor),
    governorRestored: result?.governorRestored ?? true,
    ...temperaturesOf(record),
    cpuMhz: clocksOf(record),
    throttled,
    throttledBefore: telemetry[0]?.throttled ?? null,
    throttledAfter: lastTelemetry?.throttled ?? null,
  };
}

/** The one that the agent says it used, whatever it was asked for. */
function usedTpu({ models }: RunRecord, { target, tpu = 0 }: RunChoices): string | null {
  if (target === 'cpu') return null;
  const [first] = [...models.values()].flatMap(({ loaded }) => loaded);
  return tpu === 'all' ? tpu : String(first?.tpu ?? tpu);
}

function temperaturesOf({
  telemetry,
  lastTelemetry,
  hottestTpuMilliC,
}: RunRecord): Pick<Conditions, 'tpuCelsius' | 'cpuCelsius' | 'telemetry'> {
  const [before] = telemetry;
  const startNs = before?.atNs ?? 0;
  const ofCpu = telemetry.flatMap(one => celsius(one.cpuTempMilliC) ?? []);
  return {
    tpuCelsius: { before: tpuCelsius(before), highest: celsius(hottestTpuMilliC), after: tpuCelsius(lastTelemetry) },
    cpuCelsius: {
      before: celsius(before?.cpuTempMilliC),
      highest: ofCpu.length === 0 ? null : Math.max(...ofCpu),
      after: celsius(lastTelemetry?.cpuTempMilliC),
    },
    telemetry: telemetry.map(one => ({
      atMs: Number((Math.max(one.atNs - startNs, 0) / 1e6).toPrecision(6)),
      tpuCelsius: tpuCelsius(one),
      cpuCelsius: celsius(one.cpuTempMilliC),
    })),
  };
}

function clocksOf({ telemetry, lastTelemetry }: RunRecord): Conditions['cpuMhz'] {
  const clocks = telemetry.flatMap(one => mhz(one) ?? []);
  return {
    before: mhz(telemetry[0]),
    lowest: clocks.length === 0 ? null : Math.min(...clocks),
    highest: clocks.length === 0 ? null : Math.max(...clocks),
    after: mhz(lastTelemetry),
  };
}

function tpuCelsius(one: Telemetry | undefined): number | null {
  return celsius(one === undefined ? undefined : hottestOf(one));
}

function mhz(one: Telemetry | undefined): number | null {
  return one === undefined || one.cpuFreqKHz === null ? null : one.cpuFreqKHz / 1000;
}

function celsius(milliC: number | null | undefined): number | null {
  return milliC === undefined || milliC === null ? null : milliC / 1000;
}

/** A virtual board names itself so to the agent, and runs it on the processor of its host. */
export function isVirtual({ model }: Hello['board']): boolean {
  return model === 'virtual board';
}
