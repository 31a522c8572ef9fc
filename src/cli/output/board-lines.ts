import type { OnProgress, ProgressEvent } from '../../time/progress.js';
import type { CliIo } from '../io.js';
import { formatBytes, plural } from './amounts.js';
import { fitText } from './fit.js';
import type { Printer } from './printer.js';

const DRAW_INTERVAL_MS = 100;

export interface BoardLinesOptions {
  readonly io: CliIo;
  readonly printer: Printer;
  /** False for `--no-progress`. */
  readonly enabled: boolean;
  readonly now?: () => number;
}

/**
 * Progress of several boards: on a terminal a line for each that is drawn over, elsewhere a line for each step of each
 * board, in CI nothing.
 */
export class BoardLines implements Disposable {
  readonly #options: BoardLinesOptions;
  readonly #mode: 'lines' | 'steps' | 'none';
  readonly #states = new Map<string, { step: string; amount: string }>();
  #drawnLines = 0;
  #drawnAtMs = -Infinity;

  constructor(options: BoardLinesOptions) {
    this.#options = options;
    const { io, enabled } = options;
    this.#mode = !enabled || io.environment.ci ? 'none' : io.stderr.isTTY === true ? 'lines' : 'steps';
  }

  /** To be handed to the operation on one board. */
  listenerFor(board: string): OnProgress {
    const state = { step: 'waiting', amount: '' };
    this.#states.set(board, state);
    return event => {
      if (this.#mode === 'none') return;
      if (event.kind === 'message') {
        Object.assign(state, { step: event.text, amount: '' });
        if (this.#mode === 'steps') this.#options.printer.note(`${board}: ${event.text}`);
      } else if (event.kind === 'progress') {
        state.amount = amountOf(event);
      } else if (event.kind === 'failed') {
        Object.assign(state, { step: 'failed', amount: '' });
      }
      if (this.#mode === 'lines') this.#draw(event.kind !== 'progress' || event.isWaiting === true);
    };
  }

  [Symbol.dispose](): void {
    if (this.#drawnLines > 0) this.#options.io.stderr.write(`\u001b[${String(this.#drawnLines)}A\u001b[J`);
    this.#drawnLines = 0;
  }

  #draw(isNews: boolean): void {
    const now = (this.#options.now ?? performance.now.bind(performance))();
    if (!isNews && now - this.#drawnAtMs < DRAW_INTERVAL_MS) return;
    this.#drawnAtMs = now;
    const { stderr } = this.#options.io;
    const width = (stderr.columns ?? 80) - 1;
    const nameWidth = Math.max(...[...this.#states.keys()].map(name => name.length));
    const lines = [...this.#states].map(([name, { step, amount }]) => {
      // How far it is says more than the words of the step.
      const room = width - nameWidth - 2 - (amount === '' ? 0 : amount.length + 2);
      const words = [name.padEnd(nameWidth), fitText(step, Math.max(room, 0)), amount];
      return fitText(words.filter(word => word !== '').join('  '), width);
    });
    const up = this.#drawnLines > 0 ? `\u001b[${String(this.#drawnLines)}A` : '';
    stderr.write(`${up}${lines.map(line => `\r${line}\u001b[K\n`).join('')}`);
    this.#drawnLines = lines.length;
  }
}

function amountOf({ done, total, unit, detail, isWaiting }: Extract<ProgressEvent, { kind: 'progress' }>): string {
  if (isWaiting === true && detail !== undefined) return detail;
  const count = unit === 'bytes' ? formatBytes(done) : plural(done, unit.replace(/s$/, ''));
  return total === undefined || total === 0 ? count : `${String(Math.floor((done / total) * 100))} %  ${count}`;
}
