import type { BenchReport, ModelReport, Scaling, TrainingReport } from './report.js';

type Cell = string | number | boolean | null | undefined;

type Columns<T> = readonly (readonly [name: string, value: (row: T, report: BenchReport) => Cell])[];

const RUN_COLUMNS: Columns<unknown> = [
  ['board', (_row, { board }) => board.name],
  ['started_at', (_row, { startedAt }) => startedAt],
  ['simulated', (_row, { simulated }) => simulated],
];

/** A model on the Edge TPUs that were asked for, or only what is known of it on the first so many of them. */
type ModelRow = Partial<ModelReport> & Partial<Pick<Scaling, 'tpus' | 'speedUp'>>;

const COLUMNS: Columns<ModelRow> = [
  ...RUN_COLUMNS,
  ['model', ({ name }) => name],
  ['sha256', ({ sha256 }) => sha256],
  ['delegate', ({ delegate }) => delegate],
  ['runtime', ({ runtime }) => runtime],
  ['inferences', ({ inferences }) => inferences],
  ['load_ms', ({ loadMs }) => loadMs],
  ['first_ms', ({ firstMs }) => firstMs],
  ['min_ms', ({ minMs }) => minMs],
  ['p50_ms', ({ p50Ms }) => p50Ms],
  ['p90_ms', ({ p90Ms }) => p90Ms],
  ['p99_ms', ({ p99Ms }) => p99Ms],
  ['max_ms', ({ maxMs }) => maxMs],
  ['mean_ms', ({ meanMs }) => meanMs],
  ['per_second', ({ perSecond }) => perSecond],
  ['input_copy_ms', ({ inputCopyMs }) => inputCopyMs],
  ['output_copy_ms', ({ outputCopyMs }) => outputCopyMs],
  ['drift', ({ drift }) => drift],
  ['governor', (_model, { conditions }) => conditions.governor],
  ['tpu_celsius_highest', (_model, { conditions }) => conditions.tpuCelsius.highest],
  ['throttled', (_model, { conditions }) => conditions.throttled],
  ['compared_with', ({ comparison }) => comparison?.with],
  ['ratio', ({ comparison }) => comparison?.ratio],
  ['verdict', ({ comparison }) => comparison?.verdict],
  ['edge_tpus', ({ tpus }) => tpus],
  ['speed_up', ({ speedUp }) => speedUp],
];

const TRAINING_COLUMNS: Columns<TrainingReport> = [
  ...RUN_COLUMNS,
  ['training', ({ name }) => name],
  ['steps', ({ steps }) => steps],
  ['delegate', ({ delegate }) => delegate],
  ['ms', ({ ms }) => ms],
  ['loss', ({ loss }) => loss],
  ['reference_ms', ({ referenceMs }) => referenceMs],
  ['reason', ({ reason }) => reason],
];

/**
 * A line for each model or training, as RFC 4180 has it, with a heading; what is not known is empty. A model that was
 * measured on several Edge TPUs has a line for each smaller number of them, too.
 */
export function reportCsv(report: BenchReport): string {
  return report.training.length > 0
    ? table(TRAINING_COLUMNS, report.training, report)
    : table(COLUMNS, modelRows(report), report);
}

function modelRows({ models, scaling }: BenchReport): ModelRow[] {
  return models.flatMap(model => {
    const rows = scaling
      .filter(one => one.model === model.name)
      .map(({ model: name, tpus, perSecond, speedUp }) => ({ name, tpus, perSecond, speedUp }));
    const all = rows.pop();
    return [...rows, { ...model, ...(all && { tpus: all.tpus, speedUp: all.speedUp }) }];
  });
}

function table<T>(columns: Columns<T>, rows: readonly T[], report: BenchReport): string {
  const lines = [
    columns.map(([name]) => name),
    ...rows.map(row => columns.map(([, value]) => cell(value(row, report)))),
  ];
  return lines.map(line => `${line.join(',')}\r\n`).join('');
}

/** Quoted where it has to be; text that a spreadsheet would take for a formula begins with an apostrophe. */
function cell(value: Cell): string {
  if (typeof value !== 'string') return value === null || value === undefined ? '' : String(value);
  const text = /^[=+\-@]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
