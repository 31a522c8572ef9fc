import { TransportError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import type { SshSession } from '../ssh/session.js';
import { withStallWatch } from '../time/stall.js';
import type { RemoteScript } from './script.js';
import { startScript } from './start-script.js';

const KEPT_LINES = 200;
const MAX_LINE = 4096;

export interface StreamingOptions {
  readonly signal: AbortSignal | undefined;
  /** Time without a line after which the script is given up. */
  readonly silenceTimeoutMs: number;
  readonly operation: string;
  /** Called with every line of stdout and stderr, already safe to print. */
  readonly onLine: (line: string) => void;
}

export interface StreamingResult {
  /** 128 where a signal ended it. */
  readonly code: number;
  /** The last lines, safe to print. */
  readonly lines: readonly string[];
}

/**
 * Runs a script that takes its time and prints what it does; its stdin is empty.
 * @throws TimeoutError, TransportError, AbortedError, and what `startScript` throws
 */
export async function runStreaming(
  session: SshSession,
  script: RemoteScript,
  options: StreamingOptions,
): Promise<StreamingResult> {
  const { operation, signal, silenceTimeoutMs: timeoutMs } = options;
  return withStallWatch({ operation, timeoutMs, signal }, async watch => {
    const program = await watch.during(startScript(session, script, { signal: watch.signal, input: 'none' }));
    const lines: string[] = [];
    const keep = (line: string): void => {
      watch.moved();
      const text = safeText(line, MAX_LINE).trimEnd();
      if (text === '') return;
      lines.push(text);
      if (lines.length > KEPT_LINES) lines.shift();
      options.onLine(text);
    };
    let hasEnded = false;
    try {
      await Promise.all([eachLine(program.stdout, keep), eachLine(program.stderr, keep)]);
      const exit = await program.exit;
      hasEnded = true;
      if (exit.kind === 'lost') throw new TransportError(`The connection to the board was lost while ${operation}.`);
      return { code: exit.kind === 'exit' ? exit.code : 128, lines };
    } finally {
      if (!hasEnded) program.close();
    }
  });
}

async function eachLine(stream: AsyncIterable<Buffer>, onLine: (line: string) => void): Promise<void> {
  let partial = '';
  for await (const chunk of stream) {
    const lines = (partial + chunk.toString('utf8')).split(/[\r\n]+/);
    partial = (lines.pop() ?? '').slice(-MAX_LINE);
    for (const line of lines) onLine(line);
  }
  if (partial !== '') onLine(partial);
}
