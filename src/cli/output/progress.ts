import type { OnProgress, ProgressEvent, ProgressUnit } from '../../time/progress.js';
import type { CliIo } from '../io.js';
import { formatBytes, formatRemaining, plural } from './amounts.js';
import { firstThatFits, fitText } from './fit.js';
import type { Printer } from './printer.js';
import { Rate } from './rate.js';

/** A bar is drawn at most this often, a line is printed to a log at most this often. */
const BAR_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5000;
/** The other side has begun its part, which may take long without anything to tell. */
const WAITING_LINE_INTERVAL_MS = 1000;
const BAR_WIDTHS = [24, 12, 0];
/** A longer detail is the name of a file, which may be cut. */
const DETAIL_WIDTH = 24;

export interface ProgressOptions {
  readonly io: CliIo;
  readonly printer: Printer;
  /** False for `--no-progress`: only messages are shown. */
  readonly enabled: boolean;
  /** `lasting` messages are printed; `fleeting` ones are seen where a bar would be, and nowhere else. */
  readonly messages?: 'lasting' | 'fleeting';
  readonly now?: () => number;
}

interface Task {
  readonly name: string;
  readonly rate: Rate;
  shownAtMs: number;
}

/** Draws progress on stderr: a bar on a terminal, now and then a line elsewhere, nothing but messages in CI. */
export class ProgressView implements Disposable {
  readonly #options: ProgressOptions;
  readonly #mode: 'bar' | 'lines' | 'none';
  #task: Task | undefined;
  #barShown = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    const { io, enabled } = options;
    this.#mode = !enabled || io.environment.ci ? 'none' : io.stderr.isTTY === true ? 'bar' : 'lines';
  }

  /** To be handed to the operation. */
  readonly onProgress: OnProgress = event => {
    switch (event.kind) {
      case 'started':
        this.#start(event.task, this.#now());
        break;
      case 'progress':
        if (this.#mode !== 'none') this.#advance(event);
        break;
      case 'message':
        this.#tell(event);
        break;
      case 'finished':
      case 'failed':
        this.#clear();
        this.#task = undefined;
    }
  };

  [Symbol.dispose](): void {
    this.#clear();
  }

  #start(name: string, atMs: number): Task {
    // The first line of a log comes after a whole interval: what is quick needs none.
    const task = { name, rate: new Rate(), shownAtMs: this.#mode === 'bar' ? -Infinity : atMs };
    this.#task = task;
    return task;
  }

  #advance(event: Extract<ProgressEvent, { kind: 'progress' }>): void {
    const atMs = this.#now();
    const task = this.#task?.name === event.task ? this.#task : this.#start(event.task, atMs);
    const { isWaiting = false } = event;
    task.rate.add(atMs, event.done, isWaiting);
    if (atMs - task.shownAtMs < this.#intervalMs(isWaiting)) return;
    task.shownAtMs = atMs;
    if (this.#mode === 'bar') this.#draw(barLine(event, task.rate, this.#width));
    else this.#options.printer.note(logLine(event, task.rate));
  }

  #intervalMs(isWaiting: boolean): number {
    if (this.#mode === 'bar') return isWaiting ? 0 : BAR_INTERVAL_MS;
    return isWaiting ? WAITING_LINE_INTERVAL_MS : LINE_INTERVAL_MS;
  }

  #tell({ task, text }: Extract<ProgressEvent, { kind: 'message' }>): void {
    if (this.#options.messages !== 'fleeting') {
      this.#clear();
      this.#options.printer.note(text);
    } else if (this.#mode === 'bar') {
      this.#draw(fitText(`${task}  ${text}`, this.#width));
    }
  }

  /** The last column stays free: a terminal would go to the next line. */
  get #width(): number {
    return (this.#options.io.stderr.columns ?? 80) - 1;
  }

  #draw(line: string): void {
    this.#options.io.stderr.write(`\r${line}\u001b[K`);
    this.#barShown = true;
  }

  #clear(): void {
    if (this.#barShown) this.#options.io.stderr.write('\r\u001b[K');
    this.#barShown = false;
  }

  #now(): number {
    return (this.#options.now ?? performance.now.bind(performance))();
  }
}

type Progress = Extract<ProgressEvent, { kind: 'progress' }>;

/** What is told of an operation, each empty where it is not known. */
interface Parts {
  readonly percent: string;
  readonly amount: string;
  readonly speed: string;
  readonly left: string;
}

/** As much as fits: a part goes as a whole, so that no number is cut, and the least telling one goes first. */
function barLine(event: Progress, rate: Rate, width: number): string {
  const { percent, amount, speed, left } = partsOf(event, rate);
  const { task, detail = '' } = event;
  const shown = fitText(detail, DETAIL_WIDTH);
  const line = firstThatFits(
    [
      ...BAR_WIDTHS.map(barWidth => [task, bar(event, barWidth), percent, amount, speed, left, shown]),
      [task, percent, speed, left, shown],
      [task, percent, left, shown],
      [task, percent, shown],
      [task, percent, left],
      [task, percent],
      [task],
    ],
    width,
  );
  if (shown === detail || !line.endsWith(shown)) return line;
  const before = line.slice(0, -shown.length);
  return before + fitText(detail, width - before.length);
}

function bar({ done, total }: Progress, width: number): string {
  if (total === undefined || total === 0) return '';
  const filled = Math.round(Math.min(1, done / total) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** Such as `flash rootfs: 45 %, 12.3 MB of 27 MB, writing piece 2 of 4`. */
function logLine(event: Progress, rate: Rate): string {
  const { percent, amount, speed, left } = partsOf(event, rate);
  const detail = event.isWaiting === true ? (event.detail ?? '') : '';
  return `${event.task}: ${[percent, amount, speed, left, detail].filter(part => part !== '').join(', ')}`;
}

/** Such as `45 %`, `12.3 MB of 27 MB`, `3.1 MB/s`, `0:05 left`; without speed while the other side works. */
function partsOf({ done, total, unit, isWaiting = false }: Progress, rate: Rate): Parts {
  const { perSecond } = rate;
  const leftMs = total === undefined || isWaiting ? undefined : rate.remainingMs(total - done);
  return {
    percent: total === undefined || total === 0 ? '' : `${String(Math.floor((done / total) * 100))} %`,
    amount: total === undefined ? amountOf(done, unit) : `${amountOf(done, unit)} of ${amountOf(total, unit)}`,
    speed: perSecond === undefined || isWaiting ? '' : `${speedOf(perSecond, unit)}/s`,
    left: leftMs === undefined ? '' : `${formatRemaining(leftMs)} left`,
  };
}

function speedOf(perSecond: number, unit: ProgressUnit): string {
  return unit === 'bytes' ? formatBytes(perSecond) : perSecond.toFixed(perSecond < 10 ? 1 : 0);
}

function amountOf(count: number, unit: ProgressUnit): string {
  return unit === 'bytes' ? formatBytes(count) : plural(count, unit.replace(/s$/, ''));
}
