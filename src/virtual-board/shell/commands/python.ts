import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { agentFileUrl, readAgentFile } from '../../../agent/agent-file.js';
import { onAbort } from '../../../time/deadline.js';
import { ProgramError, type BoardProcess } from '../program.js';
import { signalStatus } from '../signals.js';
import { BrokenPipeError, type Output } from '../streams.js';

/** Where npm's `tfjs-tflite-node` has TensorFlow Lite for this host. */
const LIBRARIES: Readonly<Record<string, string>> = {
  'linux-x64': 'cc_deps/linux_amd64/libtensorflowlite_c.so',
  'linux-arm64': 'cc_deps/linux_arm64/libtensorflowlite_c.so',
  'darwin-arm64': 'cc_deps/darwin_arm64/libtensorflowlite_c.dylib',
};
/** Exit status of a shell for a program that is not there. */
const NOT_FOUND = 127;
const INTERPRETER = process.platform === 'win32' ? 'python' : 'python3';
/** The agent ends what it has started and sets the governor back; this long after its signal it is killed. */
const KILL_AFTER_MS = 4_000;

/**
 * `python3`: this host's own, for mdt's benchmark agent alone, which it knows by its content. It sees the board's files
 * below `/`, and measures this host's CPU. What the agent does not find beside it, a package of the tests may have.
 */
export async function python3(board: BoardProcess): Promise<number> {
  const firstWord = board.args.findIndex(word => !word.startsWith('-'));
  const [script, ...rest] = firstWord < 0 ? [] : board.args.slice(firstWord);
  if (script === undefined && board.args.some(word => word === '--version' || word === '-V')) {
    await board.print('Python 3.7.3\n');
    return 0;
  }
  if (script === undefined || !(await isAgent(board, script))) {
    throw new ProgramError("the virtual board runs only mdt's agent");
  }
  const library = tfliteLibrary();
  const args = [
    ...['-B', '-u', fileURLToPath(agentFileUrl), ...rest],
    ...['--root', await board.files.hostPath('/'), '--board-model', 'virtual board'],
    ...(library === undefined ? [] : ['--tflite-c', library]),
  ];
  const child = spawn(INTERPRETER, args, { cwd: await board.files.hostPath(board.options.cwd), stdio: 'pipe' });
  return attend(board, child);
}

async function isAgent(board: BoardProcess, script: string): Promise<boolean> {
  const content = await board.files.readFile(board.path(script)).catch(() => undefined);
  if (content === undefined) {
    throw new ProgramError(`can't open file '${script}': [Errno 2] No such file or directory`, 2);
  }
  return content.equals(await readAgentFile());
}

function tfliteLibrary(): string | undefined {
  const file = LIBRARIES[`${process.platform}-${process.arch}`];
  if (file === undefined) return undefined;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('tfjs-tflite-node/package.json'));
    const path = join(folder, file);
    return existsSync(path) ? path : undefined;
  } catch {
    // Not installed: it is for developing mdt.
    return undefined;
  }
}

/** Joins the streams until the program has ended; a signal to the board's program is one to this host's. */
async function attend(board: BoardProcess, child: ChildProcessWithoutNullStreams): Promise<number> {
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    killTimer ??= setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  };
  const inputEnd = new AbortController();
  const ended = endOf(child);
  const stopListening = onAbort(board.signal, stop);
  const feeding = feed(board, child.stdin, AbortSignal.any([board.signal, inputEnd.signal]));
  try {
    await Promise.all([
      drain(child.stdout, board.options.stdout, board.signal),
      drain(child.stderr, board.options.stderr, board.signal),
    ]);
  } catch (error) {
    stop();
    if (!(error instanceof BrokenPipeError)) throw error;
  } finally {
    await ended;
    clearTimeout(killTimer);
    stopListening();
    inputEnd.abort();
    await feeding;
  }
  const end = await ended;
  if (end.kind === 'missing') throw new ProgramError('command not found', NOT_FOUND);
  return end.status;
}

type End = { readonly kind: 'ended'; readonly status: number } | { readonly kind: 'missing' };

function endOf(child: ChildProcessWithoutNullStreams): Promise<End> {
  return new Promise(resolve => {
    child.once('error', () => {
      resolve({ kind: 'missing' });
    });
    child.once('exit', (code, signal) => {
      resolve({ kind: 'ended', status: code ?? signalStatus(signal?.replace('SIG', '')) });
    });
  });
}

/** What is typed on the board goes to the program until either ends. */
async function feed(board: BoardProcess, input: Writable, signal: AbortSignal): Promise<void> {
  input.on('error', () => undefined);
  try {
    for (;;) {
      const chunk = await board.options.stdin.read(signal);
      if (chunk === undefined) break;
      if (!input.write(chunk)) await once(input, 'drain', { signal });
    }
  } catch {
    // The program or the connection has ended; the end of its input tells it so.
  }
  input.end();
}

async function drain(from: Readable, to: Output, signal: AbortSignal): Promise<void> {
  for await (const chunk of from as AsyncIterable<Buffer>) await to.write(chunk, signal);
}
