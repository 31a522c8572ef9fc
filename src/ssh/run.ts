import type { Readable } from 'node:stream';
import { ProtocolError } from '../errors.js';
import { withDeadline } from '../time/deadline.js';
import type { RemoteProcess, RunOptions, RunResult, SshSession } from './session.js';

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** Runs a command to its end and collects what it says, within bounds of time and size. */
export async function runToEnd(session: SshSession, command: string, options: RunOptions): Promise<RunResult> {
  const deadline = {
    operation: options.operation ?? 'running a command on the board',
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    signal: options.signal,
  };
  return withDeadline(deadline, async signal => {
    const remote = await session.exec(command, { signal });
    try {
      remote.stdin.end(options.input);
      return await collectOutput(remote, options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES);
    } catch (error) {
      remote.close();
      throw error;
    }
  });
}

/** What a program prints until it ends. @throws ProtocolError if one of its streams holds more than `maxBytes`. */
export async function collectOutput(program: RemoteProcess, maxBytes: number): Promise<RunResult> {
  const [stdout, stderr, exit] = await Promise.all([
    collect(program.stdout, maxBytes),
    collect(program.stderr, maxBytes),
    program.exit,
  ]);
  return { exit, stdout, stderr };
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
