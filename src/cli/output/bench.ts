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
  printTable({ printer }, [headings, ...rows]);
  printTable({ printer }, scalingTable(report));
  printTable({ printer }, trainingTable(report));
  for (const line of [...verdictLines(report), ...conditionLines(report)]) printer.line(line);
}

/** A table on a terminal, else lines of tabs; nothing without rows. */
export function printTable(
  { printer }: Pick<Cli, 'printer'>,
  [headings = [], ...rows]: readonly (readonly string[])[],
): void {
  if (rows.length === 0) return;
  const lines = printer.interactive
    ? renderTable(headings, rows, text => printer.onStdout('bold', text))
    : [headings, ...rows].map(row => row.join('\t'));
  for (const line of lines) printer.line(line);
}

function scalingTable({ scaling }: BenchReport): string[][] {
  const rows = scaling.map(({ model, tpus, perSecond, speedUp }) => [
    ...[safeText(model), String(tpus), perSecond.toPrecision(4), speedUp.toFixed(2)],
  ]);
  return [['MODEL', 'EDGE TPUS', 'PER SECOND', 'SPEED-UP'], ...rows];
}

function trainingTable({ training }: BenchReport): string[][] {
  const rows = training.map(({ name, steps, ms, loss, reason, referenceMs }) => [
    ...[safeText(name), String(steps), formatMs(ms), loss === null ? '-' : loss.toFixed(4), formatMs(referenceMs)],
    reason === null ? '' : safeText(reason),
  ]);
  return [['TRAINING', 'STEPS', 'MS', 'LOSS', 'GOOGLE', ''], ...rows];
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
  const runtimes = [...new Set(models.map(({ runtime, delegate }) => `runs on ${runtime} (${delegate})`))];
  const libraries = board.libraries.map(({ name, version }) => `${name} ${version ?? 'unknown'}`);
  return [
    `board: ${[board.name, board.model ?? 'unknown model', board.kernel, ...(board.mendel === null ? [] : [`Mendel ${board.mendel}`])].join(', ')}`,
    `runtime: ${[...runtimes, ...libraries].join(', ')}`,
    `governor: ${governor ?? 'unknown'}${governorRestored ? '' : ', which could not be set back'}`,
    ...clockRateLine(conditions),
    ...temperatureLine('Edge TPU', tpuCelsius),
    ...temperatureLine('CPU', cpuCelsius),
    ...(throttled === true ? ['the Edge TPU was slowed down because it was hot'] : []),
    ...clockLine(board),
  ];
}

function clockRateLine({ cpuMhz: { before, lowest, highest, after } }: BenchReport['conditions']): string[] {
  if (before === null || lowest === null || highest === null || after === null) return [];
  return [
    `CPU clock: ${String(before)} MHz before, ${String(lowest)} to ${String(highest)} MHz during, ${String(after)} MHz after`,
  ];
}

/** A wrong clock spoils no time of a run, but much else on a board: certificates, packages, logs. */
function clockLine({ clockOffByS }: BenchReport['board']): string[] {
  if (clockOffByS === 0) return [];
  const days = Math.abs(clockOffByS) / 86_400;
  const amount =
    days >= 1 ? `${String(Math.round(days))} days` : `${String(Math.round(Math.abs(clockOffByS) / 60))} minutes`;
  return [
    `the clock of the board is ${amount} ${clockOffByS < 0 ? 'behind' : 'ahead'}; "mdt exec timedatectl" tells whether it is set over the network`,
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
