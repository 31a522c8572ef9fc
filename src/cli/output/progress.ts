import type { OnProgress, ProgressEvent, ProgressUnit } from '../../time/progress.js';
import type { CliIo } from '../io.js';
import { formatBytes, formatRemaining, plural } from './amounts.js';
import type { Printer } from './printer.js';
import { Rate } from './rate.js';

/** A bar is drawn at most this often, a line is printed to a log at most this often. */
const BAR_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5000;
const BAR_WIDTH = 24;

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
    task.rate.add(atMs, event.done);
    if (atMs - task.shownAtMs < (this.#mode === 'bar' ? BAR_INTERVAL_MS : LINE_INTERVAL_MS)) return;
    task.shownAtMs = atMs;
    const parts = partsOf(event, task.rate.perSecond);
    if (this.#mode === 'bar') this.#draw([bar(event), ...parts, event.detail ?? ''].join('  '));
    else this.#options.printer.note(`${event.task}: ${parts.join(', ')}`);
  }

  #tell({ task, text }: Extract<ProgressEvent, { kind: 'message' }>): void {
    if (this.#options.messages !== 'fleeting') {
      this.#clear();
      this.#options.printer.note(text);
    } else if (this.#mode === 'bar') {
      this.#draw(`${task}  ${text}`);
    }
  }

  #draw(line: string): void {
    const width = (this.#options.io.stderr.columns ?? 80) - 1;
    this.#options.io.stderr.write(`\r${line.slice(0, width)}\u001b[K`);
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

function bar({ done, total, task }: { done: number; total?: number; task: string }): string {
  if (total === undefined || total === 0) return task;
  const filled = Math.round(Math.min(1, done / total) * BAR_WIDTH);
  return `${task}  ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
}

/** Such as `45 %`, `12.3 MB of 27 MB`, `3.1 MB/s`, `0:05 left`. */
function partsOf(event: Extract<ProgressEvent, { kind: 'progress' }>, perSecond: number | undefined): string[] {
  const { done, total, unit } = event;
  const percent = total === undefined || total === 0 ? [] : [`${String(Math.floor((done / total) * 100))} %`];
  const amount = total === undefined ? amountOf(done, unit) : `${amountOf(done, unit)} of ${amountOf(total, unit)}`;
  if (perSecond === undefined) return [...percent, amount];
  const speed = `${unit === 'bytes' ? formatBytes(perSecond) : perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`;
  const left = total === undefined || perSecond <= 0 ? undefined : ((total - done) / perSecond) * 1000;
  return [...percent, amount, speed, ...(left === undefined ? [] : [`${formatRemaining(left)} left`])];
}

function amountOf(count: number, unit: ProgressUnit): string {
  return unit === 'bytes' ? formatBytes(count) : plural(count, unit.replace(/s$/, ''));
}
