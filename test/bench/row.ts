import { median, ratioOf, type Pairs } from './measure.js';

export type Unit = 'ms' | 'MB' | 'ms/file' | 'ms/board';

interface RowName {
  /** What was measured; unique. */
  readonly name: string;
}

/** Ours against a peer's, measured in turn. */
export interface Comparison extends RowName {
  readonly kind: 'comparison';
  readonly peerName: string;
  readonly unit: Unit;
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
  /** Largest ratio that is good enough. */
  readonly target: number;
  readonly runs: Pairs;
}

/** Ours against a number. */
export interface Limit extends RowName {
  readonly kind: 'limit';
  readonly unit: Unit;
  readonly ours: number;
  readonly limit: number;
  readonly runs: readonly number[];
}

export interface Skipped extends RowName {
  readonly kind: 'skipped';
  readonly reason: string;
}

export type Row = Comparison | Limit | Skipped;

export function comparison(
  name: string,
  against: { readonly peerName: string; readonly target: number; readonly unit?: Unit },
  runs: Pairs,
): Comparison {
  return {
    kind: 'comparison',
    name,
    peerName: against.peerName,
    unit: against.unit ?? 'ms',
    ours: median(runs.ours),
    peer: median(runs.peer),
    ratio: ratioOf(runs),
    target: against.target,
    runs,
  };
}

export function limit(name: string, against: { readonly limit: number; readonly unit: Unit }, runs: number[]): Limit {
  return { kind: 'limit', name, unit: against.unit, ours: median(runs), limit: against.limit, runs };
}

export function holds(row: Row): boolean {
  switch (row.kind) {
    case 'comparison':
      return row.ratio <= row.target;
    case 'limit':
      return row.ours <= row.limit;
    case 'skipped':
      return true;
  }
}

const HEADINGS = ['', 'ours', 'peer', 'ratio', 'target', 'runs', ''] as const;

/** The rows as a table for people. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [HEADINGS, ...rows.map(formatRow)];
  const widths = HEADINGS.map((_heading, column) => Math.max(...cells.map(row => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return cells.map(row => line(row).trimEnd()).join('\n');
}

export function formatRow(row: Row): string[] {
  const verdict = holds(row) ? '' : 'MISSED';
  switch (row.kind) {
    case 'comparison': {
      const [ours, peer] = [number(row.ours), number(row.peer)].map(text => `${text} ${row.unit}`);
      const name = `${row.name} (${row.peerName})`;
      return [
        name,
        ours ?? '',
        peer ?? '',
        row.ratio.toFixed(2),
        row.target.toFixed(2),
        String(row.runs.ours.length),
        verdict,
      ];
    }
    case 'limit':
      return [
        row.name,
        `${number(row.ours)} ${row.unit}`,
        '',
        '',
        `${number(row.limit)} ${row.unit}`,
        String(row.runs.length),
        verdict,
      ];
    case 'skipped':
      return [`${row.name} (skipped: ${row.reason})`, '', '', '', '', '', ''];
  }
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
