/** Space for a drawing, in units of the picture; it scales with the page. */
const WIDTH = 640;
const HEIGHT = 220;
const LEFT = 60;
const BOTTOM = 40;
const TOP = 24;
const RIGHT = 12;
/** About so many lines across, at round numbers. */
const TICKS = 5;
const ROUND = [1, 2, 2.5, 5, 10];

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly name: string;
  /** Class in the style sheet, which gives the colour. */
  readonly style: 'first' | 'second';
  readonly points: readonly Point[];
}

export interface ChartText {
  readonly title: string;
  readonly xUnit: string;
  readonly yUnit: string;
}

interface Axis {
  readonly from: number;
  readonly to: number;
}

/** Bars of the same width over a value axis, as an SVG picture. */
export function barChart(text: ChartText, bars: readonly Point[]): string {
  const xs = bars.map(({ x }) => x);
  const gaps = xs.slice(1).map((x, index) => x - (xs[index] ?? x));
  const step = gaps.length === 0 ? Math.max((xs[0] ?? 1) / 100, 1e-6) : Math.min(...gaps);
  const x = { from: Math.min(...xs) - step / 2, to: Math.max(...xs) + step / 2 };
  const y = { from: 0, to: Math.max(...bars.map(bar => bar.y)) };
  const width = Math.max(placeX(x, x.from + step) - LEFT, 0.8);
  const body = bars.map(bar => {
    const top = placeY(y, bar.y);
    const left = placeX(x, bar.x) - width / 2;
    return `<rect class="first" x="${fixed(left)}" y="${fixed(top)}" width="${fixed(width)}" height="${fixed(HEIGHT - BOTTOM - top)}"/>`;
  });
  return picture(text, { x, y }, body.join(''));
}

/** Lines over a common time axis, as an SVG picture. */
export function lineChart(text: ChartText, lines: readonly Line[]): string {
  const points = lines.flatMap(line => line.points);
  const x = around(points.map(point => point.x));
  const y = around(points.map(point => point.y));
  const body = lines.map(line => {
    const path = line.points.map(point => `${fixed(placeX(x, point.x))},${fixed(placeY(y, point.y))}`);
    return `<polyline class="${line.style}" points="${path.join(' ')}"/>`;
  });
  const legend = lines.map(
    ({ name, style }, index) =>
      `<text class="${style}" x="${String(LEFT + 110 + index * 130)}" y="${String(TOP - 8)}">${escapeHtml(name)}</text>`,
  );
  return picture(text, { x, y }, body.join('') + legend.join(''));
}

/** Text as it may stand in HTML and in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${String(character.charCodeAt(0))};`);
}

/** A little more than from the least to the greatest, so that nothing lies on an edge and the span is never zero. */
function around(values: readonly number[]): Axis {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const margin = greatest > least ? (greatest - least) * 0.05 : Math.max(Math.abs(least) * 0.05, 1e-6);
  return { from: Math.max(least - margin, Math.min(least, 0)), to: greatest + margin };
}

function picture(
  { title, xUnit, yUnit }: ChartText,
  { x, y }: { readonly x: Axis; readonly y: Axis },
  body: string,
): string {
  const bottom = String(HEIGHT - BOTTOM + 19);
  const xTicks = ticksOf(x).map(
    at => `<text x="${fixed(placeX(x, at))}" y="${bottom}" text-anchor="middle">${tick(at)}</text>`,
  );
  const yTicks = ticksOf(y).map(at => {
    const top = fixed(placeY(y, at));
    return (
      `<line x1="${String(LEFT)}" x2="${String(WIDTH - RIGHT)}" y1="${top}" y2="${top}"/>` +
      `<text x="${String(LEFT - 6)}" y="${top}" dy="4" text-anchor="end">${tick(at)}</text>`
    );
  });
  const units =
    `<text x="${String(WIDTH - RIGHT)}" y="${String(HEIGHT - 4)}" text-anchor="end">${escapeHtml(xUnit)}</text>` +
    `<text x="4" y="${String(TOP - 8)}">${escapeHtml(yUnit)}</text>`;
  const label = escapeHtml(title);
  return (
    `<figure><figcaption>${label}</figcaption><svg viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" role="img" ` +
    `aria-label="${label}">${yTicks.join('')}${xTicks.join('')}${body}${units}</svg></figure>`
  );
}

function ticksOf({ from, to }: Axis): number[] {
  const rough = (to - from) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (ROUND.find(one => one * power >= rough) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.floor(to / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(count, 1) }, (_one, index) => (first + index) * step);
}

function placeX({ from, to }: Axis, value: number): number {
  return LEFT + ((value - from) / (to - from || 1)) * (WIDTH - LEFT - RIGHT);
}

function placeY({ from, to }: Axis, value: number): number {
  return HEIGHT - BOTTOM - ((value - from) / (to - from || 1)) * (HEIGHT - TOP - BOTTOM);
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function tick(value: number): string {
  return String(Number(value.toPrecision(6)));
}
