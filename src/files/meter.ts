import { safeText } from '../device/board-text.js';
import type { LongOperation } from '../time/progress.js';

const REPORT_INTERVAL_MS = 100;

/** Counts what the other side has confirmed and reports it, at most ten times a second. */
export class Meter {
  readonly #task: string;
  readonly #total: number;
  readonly #onProgress: LongOperation['onProgress'];
  #done = 0;
  #detail: string | undefined;
  #reportedAtMs = 0;

  constructor(task: string, totalBytes: number, operation: LongOperation) {
    this.#task = task;
    this.#total = totalBytes;
    this.#onProgress = operation.onProgress;
    this.#onProgress?.({ kind: 'started', task, unit: 'bytes', total: totalBytes });
  }

  /** Bytes of content confirmed so far. */
  get doneBytes(): number {
    return this.#done;
  }

  /** `bytes` more are confirmed; `detail` is the file they belong to. */
  advance(bytes: number, detail?: string): void {
    this.#done += bytes;
    if (detail !== undefined) this.#detail = detail;
    const now = performance.now();
    if (now - this.#reportedAtMs < REPORT_INTERVAL_MS) return;
    this.#reportedAtMs = now;
    this.#report();
  }

  message(text: string): void {
    this.#onProgress?.({ kind: 'message', task: this.#task, text });
  }

  finish(): void {
    this.#report();
    this.#onProgress?.({ kind: 'finished', task: this.#task, unit: 'bytes', done: this.#done });
  }

  fail(error: unknown): void {
    this.#onProgress?.({ kind: 'failed', task: this.#task, error });
  }

  #report(): void {
    this.#onProgress?.({
      kind: 'progress',
      task: this.#task,
      unit: 'bytes',
      done: this.#done,
      total: this.#total,
      ...(this.#detail === undefined ? {} : { detail: safeText(this.#detail) }),
    });
  }
}
