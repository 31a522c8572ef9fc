// What `mdt bench` says: a table for each run, and a verdict for each model.
import type { BenchReport, ModelReport } from '../../bench/report.js';
import { safeText } from '../../device/board-text.js';
import type { Cli } from '../cli.js';
import { renderTable } from './table.js';

const COLUMNS: readonly (readonly [heading: string, value: (model: ModelReport) => string])[] = [
  ['MODEL', ({ name }) => safeText(name)],
  ['LOAD', ({ loadMs }) => formatMs(loadMs)],
  ['FIRST', ({ firstMs }) => formatMs(firstMs)],
  ['MIN', ({ minMs }) => formatMs(minMs)],
  ['P50', ({ p50Ms }) => formatMs(p50Ms)],
  ['P90', ({ p90Ms }) => formatMs(p90Ms)],
  ['P99', ({ p99Ms }) => formatMs(p99Ms)],
  ['MAX', ({ maxMs }) => formatMs(maxMs)],
  ['MEAN', ({ meanMs }) => formatMs(meanMs)],
  ['PER SECOND', ({ perSecond }) => (perSecond === null ? '-' : perSecond.toPrecision(4))],
  ['IN', ({ inputCopyMs }) => formatMs(inputCopyMs)],
  ['OUT', ({ outputCopyMs }) => formatMs(outputCopyMs)],
  ['DRIFT', ({ drift }) => formatDrift(drift)],
  ['RUNS', ({ inferences }) => String(inferences)],
];

/** A table on a terminal, else the same in lines of tabs; times are milliseconds. What was simulated stands first. */
export function printBench({ printer }: Pick<Cli, 'printer'>, report: BenchReport): void {
  if (report.simulation !== null) printer.line(printer.onStdout('yellow', report.simulation));
  const headings = COLUMNS.map(([heading]) => heading);
  const rows = report.models.map(model => COLUMNS.map(([, value]) => value(model)));
  const lines = printer.interactive
    ? renderTable(headings, rows, text => printer.onStdout('bold', text))
    : [headings, ...rows].map(row => row.join('\t'));
  for (const line of [...lines, ...verdictLines(report), ...conditionLines(report)]) printer.line(line);
}

/** `x is slower than Google's Dev Board: 4.10 ms, 1.60 times 2.56 ms. Perhaps: …`. */
export function verdictLines({ models }: BenchReport): string[] {
  return models.flatMap(({ name, comparison }) => {
    if (comparison === null) return [];
    const { with: other, ourMs, theirMs, ratio, verdict, reasons } = comparison;
    const words = verdict === 'as expected' ? 'as fast as' : `${verdict} than`;
    const why = reasons.length > 0 ? ` Perhaps: ${reasons.join('; ')}.` : '';
    const times = `${formatMs(ourMs)} ms, ${ratio.toFixed(2)} times ${formatMs(theirMs)} ms`;
    return [`${safeText(name)} is ${words} ${safeText(other)}: ${times}.${why}`];
  });
}

/** What the times were measured under, a few words each; the HTML report shows the same. */
export function conditionLines({ board, conditions, models }: BenchReport): string[] {
  const { governor, tpuCelsius, cpuCelsius, throttled, governorRestored } = conditions;
  const runtimes = [...new Set(models.map(({ runtime, delegate }) => `${runtime} (${delegate})`))];
  const libraries = board.libraries.map(({ name, version }) => `${name} ${version ?? 'unknown'}`);
  return [
    `board: ${[board.name, board.model ?? 'unknown model', board.kernel, ...(board.mendel === null ? [] : [`Mendel ${board.mendel}`])].join(', ')}`,
    `runtime: ${[...runtimes, ...libraries].join(', ')}`,
    `governor: ${governor ?? 'unknown'}${governorRestored ? '' : ', which could not be set back'}`,
    ...temperatureLine('Edge TPU', tpuCelsius),
    ...temperatureLine('CPU', cpuCelsius),
    ...(throttled === true ? ['the Edge TPU was slowed down because it was hot'] : []),
  ];
}

function temperatureLine(what: string, { before, highest, after }: BenchReport['conditions']['cpuCelsius']): string[] {
  if (before === null || highest === null || after === null) return [];
  const degrees = [before, highest, after].map(value => value.toFixed(1));
  return [`${what}: ${degrees[0] ?? ''} °C before, ${degrees[1] ?? ''} °C at most, ${degrees[2] ?? ''} °C after`];
}

function formatMs(value: number | null): string {
  if (value === null) return '-';
  return value >= 100 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
}

function formatDrift(drift: number | null): string {
  return drift === null ? '-' : `${drift >= 0 ? '+' : ''}${(drift * 100).toFixed(1)}%`;
}

/** Google's published table beside the times of this run. */
export function printSuite(
  { printer }: Pick<Cli, 'printer'>,
  [heading = [], ...rows]: readonly (readonly string[])[],
): void {
  const lines = printer.interactive ? renderTable(heading, rows) : [heading, ...rows].map(row => row.join('\t'));
  for (const line of lines) printer.line(line);
}
