import { barChart, escapeHtml, lineChart, type Line } from './chart.js';
import type { BenchReport, ModelReport } from './report.js';
import { STYLE } from './html-style.js';

/** Nothing is fetched and nothing runs: the page may be mailed and opened anywhere. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** What stands in a column of numbers: one, perhaps with its sign or per cent, or the dash of one that is not known. */
const NUMBER = /^(?:[+-]?[\d.]+(?: %)?|–)$/;

type Row = readonly [label: string, value: string];

/** The result as one page that needs nothing else: readable on a phone, in print and in the dark. */
export function reportHtml(report: BenchReport): string {
  const what = [...report.models, ...report.training].map(({ name }) => name).join(', ');
  const title = `mdt bench: ${what} on ${report.board.name}`;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main>`,
    `<h1>Models on ${escapeHtml(report.board.name)}</h1>`,
    `<p class="small">${escapeHtml(`Measured ${report.startedAt} by mdt ${report.mdt}.`)}</p>`,
    report.simulation === null ? '' : `<p class="simulated"><strong>${escapeHtml(report.simulation)}</strong></p>`,
    ...(report.models.length === 0 ? [] : [latencyTable(report), comparisonTable(report)]),
    scalingTable(report),
    trainingTable(report),
    ...report.models.map(model => modelSection(model)),
    temperatures(report),
    '<h2>Conditions</h2>',
    rowsTable(conditionRows(report)),
    '</main></body></html>\n',
  ].join('\n');
}

function latencyTable({ models }: BenchReport): string {
  const head = [
    'model',
    'load',
    'first',
    'min',
    'p50',
    'p90',
    'p99',
    'max',
    'mean',
    'per second',
    'in',
    'out',
    'drift',
  ];
  const rows = models.map(model => [
    model.name,
    ...[model.loadMs, model.firstMs, model.minMs, model.p50Ms, model.p90Ms, model.p99Ms, model.maxMs, model.meanMs].map(
      digits,
    ),
    ...[digits(model.perSecond), digits(model.inputCopyMs), digits(model.outputCopyMs)],
    model.drift === null ? '–' : `${(model.drift * 100).toFixed(1)} %`,
  ]);
  return `<h2>Latency in milliseconds</h2>${table(head, rows)}`;
}

function comparisonTable({ models }: BenchReport): string {
  const rows = models.flatMap(({ name, comparison }) =>
    comparison === null
      ? []
      : [
          [
            name,
            comparison.with,
            digits(comparison.theirMs),
            digits(comparison.ourMs),
            comparison.ratio.toFixed(2),
            [comparison.verdict, ...comparison.reasons].join('; '),
          ],
        ],
  );
  if (rows.length === 0) return '<p>There is nothing published to compare these models with on this board.</p>';
  return `<h2>Comparison</h2>${table(['model', 'with', 'theirs, ms', 'ours, ms', 'ratio', 'verdict'], rows)}`;
}

function scalingTable({ scaling }: BenchReport): string {
  if (scaling.length === 0) return '';
  const rows = scaling.map(({ model, tpus, perSecond, speedUp }) => [
    ...[model, String(tpus), digits(perSecond), speedUp.toFixed(2)],
  ]);
  return `<h2>Several Edge TPUs</h2>${table(['model', 'Edge TPUs', 'per second', 'speed-up'], rows)}`;
}

function trainingTable({ training }: BenchReport): string {
  if (training.length === 0) return '';
  const rows = training.map(({ name, steps, ms, loss, referenceMs, reason }) => [
    ...[name, String(steps), digits(ms), loss === null ? '–' : loss.toFixed(4), digits(referenceMs), reason ?? ''],
  ]);
  return `<h2>Training on the board</h2>${table(['training', 'steps', 'ms', 'loss', 'Google, ms', ''], rows)}`;
}

function modelSection({ name, distribution, timeline, inferences }: ModelReport): string {
  const bars = distribution.map(({ ms, count }) => ({ x: ms, y: count }));
  const lines: Line[] = [
    { name: 'mean', style: 'first', points: timeline.map(({ atMs, meanMs }) => ({ x: atMs / 1000, y: meanMs })) },
    { name: 'slowest', style: 'second', points: timeline.map(({ atMs, maxMs }) => ({ x: atMs / 1000, y: maxMs })) },
  ];
  const count = `${String(inferences)} inferences`;
  return (
    `<section><h2>${breakable(name)}</h2>` +
    barChart({ title: `How long ${count} took`, xUnit: 'ms', yUnit: 'inferences' }, bars) +
    (timeline.length > 1 ? lineChart({ title: 'Latency over time', xUnit: 's', yUnit: 'ms' }, lines) : '') +
    '</section>'
  );
}

function temperatures({ conditions: { telemetry } }: BenchReport): string {
  const lines = [
    ['Edge TPU', 'first', 'tpuCelsius'],
    ['CPU', 'second', 'cpuCelsius'],
  ] as const;
  const drawn = lines.flatMap(([name, style, field]): Line[] => {
    const points = telemetry.flatMap(one => (one[field] === null ? [] : [{ x: one.atMs / 1000, y: one[field] }]));
    return points.length > 1 ? [{ name, style, points }] : [];
  });
  if (drawn.length === 0) return '';
  return `<h2>Temperature</h2>${lineChart({ title: 'Temperature over time', xUnit: 's', yUnit: '°C' }, drawn)}`;
}

function conditionRows({ board, conditions, models, endedBy }: BenchReport): Row[] {
  const { governor, governorRestored, tpuCelsius, cpuCelsius, throttled, cpuMhz } = conditions;
  const known = (value: string | null): string => value ?? 'unknown';
  return [
    ['board', `${known(board.model)}, ${board.machine}`],
    ['system', `kernel ${board.kernel}, Mendel ${known(board.mendel)}, Python ${board.python}`],
    ['runtime', [...new Set(models.map(({ runtime, delegate }) => `${runtime} (${delegate})`))].join(', ') || '–'],
    ['libraries', board.libraries.map(({ name, version }) => `${name} ${known(version)}`).join(', ') || 'none'],
    ['Edge TPUs', board.tpus.join(', ') || 'none'],
    [
      'target',
      `${conditions.target}, ${String(conditions.streams)} stream(s)` +
        (conditions.threads === null ? '' : ` of ${String(conditions.threads)} thread(s)`) +
        (conditions.interleaved ? ', in turn' : ''),
    ],
    ['warm-up', `${String(conditions.warmup)} inferences after the first; ended by ${endedBy}`],
    ['CPU governor', `${known(governor)}${governorRestored ? '' : ', which could not be set back'}`],
    [
      'CPU clock, MHz',
      `${digits(cpuMhz.before)} before, ${digits(cpuMhz.lowest)} to ${digits(cpuMhz.highest)} during, ${digits(cpuMhz.after)} after`,
    ],
    ['Edge TPU °C', temperatureText(tpuCelsius)],
    ['CPU °C', temperatureText(cpuCelsius)],
    [
      'Edge TPU slowed down by heat',
      `${yesNo(conditions.throttledBefore)} before, ${yesNo(throttled)} during, ${yesNo(conditions.throttledAfter)} after`,
    ],
  ];
}

function yesNo(value: boolean | null): string {
  return value === null ? 'unknown' : value ? 'yes' : 'no';
}

function temperatureText({ before, highest, after }: BenchReport['conditions']['tpuCelsius']): string {
  return `${digits(before)} before, ${digits(highest)} at most, ${digits(after)} after`;
}

/** On a phone each row is a card, where the heading of its column stands before each value. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const isText = head.map((_heading, column) => rows.some(cells => !NUMBER.test(cells[column] ?? '')));
  const kind = (column: number): string => (isText[column] === true ? ' class="text"' : '');
  const headings = head.map((heading, column) => `<th${kind(column)}>${escapeHtml(heading)}</th>`);
  const body = rows.map(cells => {
    const all = cells.map(
      (cell, column) => `<td${kind(column)} data-label="${escapeHtml(head[column] ?? '')}">${breakable(cell)}</td>`,
    );
    return `<tr>${all.join('')}</tr>`;
  });
  return `<table class="wide"><thead><tr>${headings.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

/** Names of models are long, and have underscores where others have spaces. */
function breakable(text: string): string {
  return escapeHtml(text).replaceAll('_', '_<wbr>');
}

function rowsTable(rows: readonly Row[]): string {
  const lines = rows.map(([label, value]) => `<tr><th>${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`);
  return `<table class="facts">${lines.join('')}</table>`;
}

/** Three significant digits or more; an en dash where it is not known. */
function digits(value: number | null): string {
  if (value === null) return '–';
  return value >= 100 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
}
