import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { PermissionError } from '../errors.js';
import { onAbort, withDeadline } from '../time/deadline.js';

/** What is kept of a program's output, in bytes; the rest is read and dropped. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

export interface RunOptions {
  /** What is being done, as it reads after "Timed out after … while …". */
  readonly operation: string;
  readonly timeoutMs: number;
  readonly variables: Readonly<NodeJS.ProcessEnv>;
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramOutcome {
  /** 128 and more where a signal ended it, as shells count. */
  readonly exitCode: number;
  /** stdout and stderr, as they came. */
  readonly output: string;
}

/**
 * Runs a program of this host to its end, with no input and without a shell; undefined if there is no such program.
 * At the deadline or when the signal aborts, it and all that it has started is ended.
 * @throws TimeoutError, AbortedError, PermissionError
 */
export async function runProgram(
  program: string,
  words: readonly string[],
  { operation, timeoutMs, variables, signal }: RunOptions,
): Promise<ProgramOutcome | undefined> {
  return await withDeadline({ operation, timeoutMs, signal }, async ended => {
    // A process group of its own: the compiler is a script that starts the real one.
    const detached = process.platform !== 'win32';
    const child = spawn(program, words, { env: { ...variables }, stdio: ['ignore', 'pipe', 'pipe'], detached });
    const stopListening = onAbort(ended, () => {
      end(child, detached);
    });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes <= MAX_OUTPUT_BYTES) chunks.push(chunk);
      });
    }
    try {
      const [code] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
      return { exitCode: code ?? 128, output: Buffer.concat(chunks).toString('utf8') };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT') return undefined;
      if (code !== 'EACCES') throw error;
      throw new PermissionError(`${program} may not be run.`, { cause: error, hint: 'Check its mode with `ls -l`.' });
    } finally {
      stopListening();
    }
  });
}

function end(child: ChildProcess, detached: boolean): void {
  if (!detached) child.kill('SIGKILL');
  else if (child.pid !== undefined) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The whole group has ended by itself in this moment.
    }
  }
}
