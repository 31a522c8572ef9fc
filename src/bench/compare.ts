import type { Hello } from '../agent/messages.js';
import type { TfliteModel } from '../tflite/model.js';
import { referenceBoardOf, referenceMs } from './reference.js';
import type { BenchReport, Comparison, Conditions, ModelReport } from './report.js';

/** What a time is compared with: the published table, or a result of before. */
export type Baseline =
  { readonly kind: 'reference' } | { readonly kind: 'report'; readonly name: string; readonly report: BenchReport };

/** Times this much apart are the same; the published tables are read so, too. */
const TOLERANCE = 0.3;

export interface Compared {
  readonly report: Omit<ModelReport, 'comparison'>;
  readonly model: TfliteModel;
  readonly conditions: Conditions;
  readonly hello: Hello;
}

/** The verdict on one model; null where there is nothing to compare with. */
export function compareModel(compared: Compared, baseline: Baseline): Comparison | null {
  const { report, hello, conditions } = compared;
  if (baseline.kind === 'reference') {
    const board = referenceBoardOf(hello);
    const theirMs = board === undefined ? undefined : referenceMs(report.name, board, conditions.target);
    if (board === undefined || theirMs === undefined || report.delegate === 'simulated') return null;
    return comparison(compared, `Google's ${board}`, [theirMs, report.meanMs]);
  }
  const { models, simulated } = baseline.report;
  const before =
    models.find(({ sha256 }) => sha256 === report.sha256) ?? models.find(({ name }) => name === report.name);
  const name = simulated ? `${baseline.name} (simulated)` : baseline.name;
  return before === undefined ? null : comparison(compared, name, [before.p50Ms, report.p50Ms]);
}

function comparison(compared: Compared, name: string, [theirMs, ourMs]: readonly [number, number]): Comparison {
  const ratio = theirMs > 0 ? ourMs / theirMs : 1;
  const verdict = ratio > 1 + TOLERANCE ? 'slower' : ratio < 1 - TOLERANCE ? 'faster' : 'as expected';
  return { with: name, theirMs, ourMs, ratio, verdict, reasons: verdict === 'slower' ? reasonsOf(compared) : [] };
}

/** What is known to make inferences slow, and was the case. */
export function reasonsOf({ model, conditions, hello }: Compared): string[] {
  const { governor, throttled, streams, interleaved } = conditions;
  const { streamedBytes = 0, cpuOperators = [] } = model.edgeTpu ?? {};
  const always = [
    governor !== null && governor !== 'performance' && `the CPU governor was ${governor}; try --governor performance`,
    streams > 1 && `${String(streams)} streams shared it`,
    interleaved && 'models ran in turn, and may evict each other from the Edge TPU',
  ];
  const onTpu = [
    throttled === true && 'the Edge TPU was slowed down because it was hot',
    usbReason(hello),
    streamedBytes > 0 && 'parameters are sent to the Edge TPU at every inference',
    cpuOperators.length > 0 && 'some operators of the model run on the CPU',
  ];
  const all = conditions.target === 'tpu' ? [...always, ...onTpu] : always;
  return all.filter(reason => reason !== false);
}

/** USB 3 is 5000 Mbit/s; a board that does not tell its speed may be on either. */
function usbReason({ tpus }: Hello): string | false {
  const usb = tpus.filter(({ type }) => type === 'usb');
  const slow = usb.find(({ usbMbps }) => usbMbps !== null && usbMbps < 5000);
  if (slow !== undefined)
    return `the Edge TPU is on USB 2 (${String(slow.usbMbps)} Mbit/s), where it is many times slower`;
  return usb.some(({ usbMbps }) => usbMbps === null) && 'the Edge TPU is on USB; on USB 2 it is many times slower';
}
