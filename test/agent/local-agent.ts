import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext, TestFn } from 'ava';
import { agentFileUrl } from '../../src/agent/agent-file.js';
import type { ByteChannel, ChannelExit, RunSpec } from '../../src/agent/client.js';
import { checkingMessages } from '../fixtures/schemas.js';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const agentFile = fileURLToPath(agentFileUrl);
/** Test programs in Python stay where they are written. */
export const pythonTests = join(root, 'test', 'agent');

export const hasPython = process.platform !== 'win32' && spawnSync('python3', ['--version']).status === 0;

/** TensorFlow Lite of npm's `tfjs-tflite-node`; undefined where it is not installed or has none for this host. */
export const tfliteLibrary = findLibrary();

function findLibrary(): string | undefined {
  const folders = new Map([
    ['linux-x64', 'linux_amd64'],
    ['linux-arm64', 'linux_arm64'],
  ]);
  const folder = folders.get(`${process.platform}-${process.arch}`);
  if (folder === undefined) return undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve('tfjs-tflite-node/package.json');
    const path = join(dirname(manifest), 'cc_deps', folder, 'libtensorflowlite_c.so');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** `test.serial` (each agent starts several processes), or a skipped test that says what is missing. */
export function needing(test: TestFn, what: 'python3' | 'TensorFlow Lite'): (title: string, body: Body) => void {
  const missing = !hasPython ? 'python3' : what === 'TensorFlow Lite' && tfliteLibrary === undefined ? what : undefined;
  return (title, body) => {
    if (missing === undefined) test.serial(title, body);
    else test.serial.skip(`${title} (needs ${missing})`, body);
  };
}

type Body = (t: ExecutionContext) => Promise<void>;

export interface LocalAgent extends ByteChannel {
  readonly pid: number;
  /** The process has ended, whether or not its output was read. */
  readonly ended: Promise<void>;
  signal(name: NodeJS.Signals): void;
}

export interface StartOptions {
  /** What the stand-in for the Edge TPU does; none without. */
  readonly standIn?: string;
  readonly args?: readonly string[];
  readonly library?: string;
  /** Besides that of the test. */
  readonly env?: NodeJS.ProcessEnv;
}

/** The agent as a process of this host; `standIn` makes a stand-in play the Edge TPU. Killed when the test ends. */
export function startAgent(t: ExecutionContext, options: StartOptions = {}): LocalAgent {
  const { standIn, args = [], library = tfliteLibrary ?? '', env = {} } = options;
  const words = standIn === undefined ? [agentFile] : [join(pythonTests, 'stand_in.py'), agentFile, standIn];
  const child = spawn('python3', ['-B', ...words, '--tflite-c', library, ...args], {
    stdio: 'pipe',
    env: { ...process.env, ...env },
  });
  const exit = new Promise<ChannelExit>(resolve => {
    child.once('close', (code, signal) => {
      resolve(code === null ? { kind: 'signal', signal: signal ?? '' } : { kind: 'exit', code });
    });
  });
  const ended = new Promise<void>(resolve => {
    child.once('exit', () => {
      resolve();
    });
  });
  t.teardown(() => child.kill('SIGKILL'));
  // Each message of every test is held against the schema; who stops reading stops the agent.
  const stdout = checkingMessages();
  pipeline(child.stdout, stdout, () => undefined);
  return {
    stdin: child.stdin,
    stdout,
    stderr: child.stderr,
    exit,
    ended,
    pid: child.pid ?? 0,
    close: () => {
      child.kill('SIGTERM');
    },
    signal: name => {
      child.kill(name);
    },
  };
}

/** A short run of one model on the CPU. */
export function cpuRun(path: string, changes: Partial<RunSpec> = {}): RunSpec {
  return {
    models: [{ path, name: 'model', edgetpu: false }],
    target: 'cpu',
    tpu: null,
    runs: 20,
    durationMs: null,
    warmup: 1,
    streams: 1,
    interleave: false,
    threads: 1,
    governor: null,
    telemetryIntervalMs: 50,
    seed: 12345,
    copies: false,
    ...changes,
  };
}
