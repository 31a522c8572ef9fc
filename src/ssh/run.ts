import type { Readable } from 'node:stream';
import { ProtocolError } from '../errors.js';
import { withDeadline } from '../time/deadline.js';
import type { RunOptions, RunResult, SshSession } from './session.js';

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** Runs a command to its end and collects what it says, within bounds of time and size. */
export async function runToEnd(session: SshSession, command: string, options: RunOptions): Promise<RunResult> {
  const maxBytes = options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
  const deadline = {
    operation: options.operation ?? 'running a command on the board',
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    signal: options.signal,
  };
  return withDeadline(deadline, async signal => {
    const remote = await session.exec(command, { signal });
    try {
      remote.stdin.end(options.input);
      const [stdout, stderr, exit] = await Promise.all([
        collect(remote.stdout, maxBytes),
        collect(remote.stderr, maxBytes),
        remote.exit,
      ]);
      return { exit, stdout, stderr };
    } catch (error) {
      remote.close();
      throw error;
    }
  });
}

async function collect(stream: Readable, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let total = 0;
    stream.on('data', (chunk: Buffer) => {
      total += chunk.length;
      if (total <= maxBytes) chunks.push(chunk);
      else reject(new ProtocolError(`A command on the board said more than ${String(maxBytes)} bytes.`));
    });
    stream.once('end', () => {
      resolve(Buffer.concat(chunks));
    });
    stream.once('error', reject);
  });
}
