import test from 'ava';
import type { Hello } from '../../src/agent/messages.js';
import { buildReport, type Findings } from '../../src/bench/build-report.js';
import { RunRecord } from '../../src/bench/collect.js';
import { reportCsv } from '../../src/bench/csv.js';
import { parseReport, reportSchema } from '../../src/bench/report.js';
import { ProtocolError } from '../../src/errors.js';
import type { PushedModel } from '../../src/models/push-models.js';
import { readModel } from '../../src/tflite/read-model.js';
import { checkedReport } from '../fixtures/schemas.js';
import { makeEdgeTpuModel } from '../fixtures/models.js';

const NAME = 'mobilenet_v2_1.0_224_quant_edgetpu.tflite';
const ID = 'run';

const hello: Hello = {
  type: 'hello',
  protocol: 1,
  agent: '1.0',
  python: '3.7.3',
  board: { model: 'Freescale i.MX8MQ Phanbell', kernel: '4.14', mendel: 'eagle', machine: 'aarch64' },
  runtimes: [],
  libraries: [{ name: 'libedgetpu', version: '16.0', path: null }],
  tpus: [{ index: 0, type: 'pci', path: '/dev/apex_0', usbMbps: null }],
  simulated: false,
  clockMs: 0,
};

function pushed(): PushedModel {
  const bytes = makeEdgeTpuModel({ streamedBytes: 64 });
  const place = { file: NAME, name: NAME, sha256: 'a'.repeat(64), sizeBytes: bytes.length, path: '/m', sent: true };
  return { ...place, model: readModel(bytes) };
}

interface Made {
  readonly latencyNs?: number;
  readonly governor?: string;
  readonly hello?: Hello;
  readonly delegate?: 'edgetpu' | 'simulated';
}

function findings({
  latencyNs = 2_500_000,
  governor = 'performance',
  delegate = 'edgetpu',
  ...made
}: Made = {}): Findings {
  const record = new RunRecord();
  const head = { id: ID, model: NAME, stream: 0 };
  const tensors = { inputs: [], outputs: [], outputSha256: 'b'.repeat(64) };
  record.take({
    ...{ ...head, type: 'loaded', runtime: 'tflite_runtime', delegate, tpu: 0 },
    ...{ loadNs: 9_000_000, firstNs: 18_000_000, ...tensors },
  });
  const ns = Array.from({ length: 1000 }, (_one, index) => latencyNs + index);
  const inputNs = ns.map(() => 50_000);
  record.take({ ...head, type: 'samples', startedNs: 1e9, endedNs: 3.5e9, ns, inputNs, outputNs: inputNs });
  for (const [index, tpuTempMilliC] of [50_000, 61_000, 58_000].entries()) {
    record.take({
      ...{ type: 'telemetry', id: ID, atNs: 1e9 + index * 5e8, tpuTempMilliC: [tpuTempMilliC, null] },
      ...{ cpuTempMilliC: 55_000, cpuFreqKHz: 1_500_000, governor },
      throttled: index === 1,
    });
  }
  record.take({ type: 'result', id: ID, endedBy: 'runs', governorRestored: true });
  const request = { files: [NAME], boardName: 'swift-otter', mdtVersion: '2.0.0', target: 'tpu' } as const;
  return { models: [pushed()], record, hello: made.hello ?? hello, request, startedAtMs: 0 };
}

test('a result has the latencies, copies, throughput and temperatures of the run', t => {
  const report = buildReport(findings());
  t.like(report.models[0], {
    ...{ loadMs: 9, firstMs: 18, inferences: 1000, minMs: 2.5, maxMs: 2.501 },
    ...{ perSecond: 400, inputCopyMs: 0.05, outputCopyMs: 0.05 },
  });
  t.like(report.conditions, { tpuCelsius: { before: 50, highest: 61, after: 58 }, throttled: true });
  t.false(report.simulated);
});

test('what a Dev Board needs is compared with what Google published for a Dev Board', t => {
  const [model] = buildReport(findings()).models;
  t.like(model?.comparison, { with: "Google's Dev Board", theirMs: 2.56, verdict: 'as expected', reasons: [] });
  t.is(buildReport(findings({ latencyNs: 1_000_000 })).models[0]?.comparison?.verdict, 'faster');
});

test('a slower board is told why it may be so', t => {
  const [model] = buildReport(findings({ latencyNs: 4_000_000, governor: 'powersave' })).models;
  t.is(model?.comparison?.verdict, 'slower');
  const reasons = model?.comparison?.reasons.join('\n') ?? '';
  for (const reason of [/governor was powersave/, /hot/, /sent to the Edge TPU at every inference/])
    t.regex(reasons, reason);
});

test('a stand-in, a virtual board and a Dev Board Mini are never compared with what Google published', t => {
  const onBoard = (model: string): Hello => ({ ...hello, board: { ...hello.board, model } });
  const standIn = buildReport(findings({ delegate: 'simulated' }));
  t.is(standIn.models[0]?.comparison, null);
  t.regex(standIn.simulation ?? '', /^simulated/);
  const virtual = buildReport(findings({ hello: onBoard('virtual board') }));
  t.is(virtual.models[0]?.comparison, null);
  t.regex(virtual.simulation ?? '', /^simulated: a virtual board/);
  t.is(buildReport(findings({ hello: onBoard('Coral Dev Board Mini') })).models[0]?.comparison, null);
});

test('a clock of the board that is far off is told, a little is not', t => {
  const made = findings();
  const offBy = (clockMs: number): number =>
    buildReport({ ...made, startedAtMs: 1_800_000_000_000, hello: { ...hello, clockMs } }).board.clockOffByS;
  t.is(offBy(0), -1_800_000_000);
  t.is(offBy(1_800_000_030_000), 0);
  t.is(offBy(1_800_000_000_000 + 86_400_000), 86_400);
});

test('a result is compared with one of before by the content or name of the model', t => {
  const before = buildReport(findings({ latencyNs: 1_000_000 }));
  const made = findings();
  const baseline = { kind: 'report', name: 'before.json', report: before } as const;
  const report = buildReport({ ...made, request: { ...made.request, baseline } });
  t.like(report.models[0]?.comparison, { with: 'before.json', verdict: 'slower' });
});

test('a result is read back as it was written, and what is no result is refused', t => {
  const report = buildReport(findings());
  t.deepEqual(checkedReport(t, JSON.stringify(report)), report);
  t.throws(() => parseReport({ ...report, schema: 2 }));
  t.throws(() => parseReport({ ...report, models: [{}] }));
  t.throws(() => parseReport(null));
  const schema = reportSchema() as { required?: string[]; properties?: object };
  t.deepEqual(Object.keys(schema.properties ?? {}).sort(), Object.keys(report).sort());
  t.deepEqual([...(schema.required ?? [])].sort(), Object.keys(report).sort());
});

test('an agent that is done and has measured nothing is an error', t => {
  const made = findings();
  const record = new RunRecord();
  record.result = made.record.result;
  t.throws(() => buildReport({ ...made, record }), { instanceOf: ProtocolError });
});

test('an agent that tells of a model of no run, or loads one without end, is stopped', t => {
  const record = new RunRecord(['asked for']);
  const { loaded } = findings().record.modelOf(NAME);
  const [event] = loaded;
  if (event === undefined) return t.fail();
  t.throws(
    () => {
      record.take(event);
    },
    { instanceOf: ProtocolError },
  );
  const all = { ...event, model: 'asked for' };
  t.throws(
    () => {
      for (let count = 0; count < 5000; count++) record.take(all);
    },
    { instanceOf: ProtocolError },
  );
  t.is(record.models.size, 1);
});

test('a result is compared with the same content before the same name, and one of a stand-in is called so', t => {
  const before = buildReport(findings({ delegate: 'simulated' }));
  const [model] = before.models;
  if (model === undefined) return t.fail();
  const renamed = { ...model, name: 'renamed', p50Ms: 1 };
  const other = { ...model, sha256: 'c'.repeat(64), p50Ms: 9 };
  const baseline = { kind: 'report', name: 'before.json', report: { ...before, models: [other, renamed] } } as const;
  const made = findings();
  const report = buildReport({ ...made, request: { ...made.request, baseline } });
  t.like(report.models[0]?.comparison, { with: 'before.json (simulated)', theirMs: 1 });
});

test('a name in CSV is quoted, and is no formula to a spreadsheet', t => {
  const report = buildReport(findings());
  const [model] = report.models;
  if (model === undefined) return t.fail();
  const csv = reportCsv({ ...report, models: [{ ...model, name: '=a,"b"' }] });
  t.true(csv.includes(`"'=a,""b"""`));
  t.is(csv.split('\r\n').length, 3);
});
