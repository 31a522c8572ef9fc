import { TransportError } from '../errors.js';
import { collectOutput } from '../ssh/run.js';
import type { RunOptions, SshSession } from '../ssh/session.js';
import { withDeadline } from '../time/deadline.js';
import type { RemoteScript } from './script.js';
import { startScript } from './start-script.js';

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

export interface ScriptResult {
  /** 128 where a signal ended it. */
  readonly code: number;
  readonly stdout: Buffer;
  /** What it printed on stderr; not yet safe to print. */
  readonly said: string;
}

/**
 * Runs a script to its end and collects what it prints. The deadline counts from when the script has begun.
 * @throws TransportError if the connection broke before, TimeoutError, ProtocolError, and what `startScript` throws
 */
export async function runScript(
  session: SshSession,
  script: RemoteScript,
  options: RunOptions = {},
): Promise<ScriptResult> {
  const { input, signal, operation = 'running a command on the board' } = options;
  const hasInput = input !== undefined && input.length > 0;
  const program = await startScript(session, script, { signal, input: hasInput ? 'open' : 'none' });
  const deadline = { operation, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal };
  try {
    return await withDeadline(deadline, async () => {
      if (hasInput) program.stdin.end(input);
      const { exit, stdout, stderr } = await collectOutput(program, options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES);
      if (exit.kind === 'lost') throw new TransportError('The connection to the board was lost.');
      return { code: exit.kind === 'exit' ? exit.code : 128, stdout, said: stderr.toString('utf8') };
    });
  } catch (error) {
    program.kill('TERM');
    program.close();
    throw error;
  }
}
