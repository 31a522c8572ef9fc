import { TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { SshSession } from '../ssh/session.js';
import { withStallWatch } from './stall.js';

const KEPT_LINES = 40;
const MAX_LINE = 4096;

export interface ToldOptions {
  readonly signal: AbortSignal | undefined;
  /** Time without a line after which the program is given up. */
  readonly silenceTimeoutMs: number;
  readonly operation: string;
  /** Hears every line of stdout and stderr, already safe to print. */
  readonly onLine: (line: string) => void;
}

export interface ToldResult {
  /** 128 where a signal ended it. */
  readonly code: number;
  /** The last lines, safe to print. */
  readonly lines: readonly string[];
}

/** Runs a program that takes its time and tells what it does. @throws TimeoutError, TransportError, AbortedError */
export async function runTold(session: SshSession, command: string, options: ToldOptions): Promise<ToldResult> {
  const { operation, signal, silenceTimeoutMs: timeoutMs } = options;
  return withStallWatch({ operation, timeoutMs, signal }, async watch => {
    const program = await session.exec(command, { signal: watch.signal });
    const lines: string[] = [];
    const hear = (line: string): void => {
      watch.moved();
      const text = safeText(line, MAX_LINE).trimEnd();
      if (text === '') return;
      lines.push(text);
      if (lines.length > KEPT_LINES) lines.shift();
      options.onLine(text);
    };
    let hasEnded = false;
    try {
      program.stdin.end();
      await Promise.all([eachLine(program.stdout, hear), eachLine(program.stderr, hear)]);
      const exit = await program.exit;
      hasEnded = true;
      if (exit.kind === 'lost') throw new TransportError(`The connection to the board was lost while ${operation}.`);
      return { code: exit.kind === 'exit' ? exit.code : 128, lines };
    } finally {
      if (!hasEnded) program.close();
    }
  });
}

async function eachLine(stream: AsyncIterable<Buffer>, hear: (line: string) => void): Promise<void> {
  let partial = '';
  for await (const chunk of stream) {
    const lines = (partial + chunk.toString('utf8')).split(/[\r\n]+/);
    partial = (lines.pop() ?? '').slice(-MAX_LINE);
    for (const line of lines) hear(line);
  }
  if (partial !== '') hear(partial);
}
