import type { BenchReport, ModelReport } from './report.js';

type Cell = string | number | boolean | null | undefined;

const COLUMNS: readonly (readonly [name: string, value: (model: ModelReport, report: BenchReport) => Cell])[] = [
  ['board', (_model, { board }) => board.name],
  ['started_at', (_model, { startedAt }) => startedAt],
  ['simulated', (_model, { simulated }) => simulated],
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
];

/** A line for each model, as RFC 4180 has it, with a heading; what is not known is empty. */
export function reportCsv(report: BenchReport): string {
  const rows = [
    COLUMNS.map(([name]) => name),
    ...report.models.map(model => COLUMNS.map(([, value]) => cell(value(model, report)))),
  ];
  return rows.map(row => `${row.join(',')}\r\n`).join('');
}

/** Quoted where it has to be; text that a spreadsheet would take for a formula begins with an apostrophe. */
function cell(value: Cell): string {
  if (typeof value !== 'string') return value === null || value === undefined ? '' : String(value);
  const text = /^[=+\-@]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
