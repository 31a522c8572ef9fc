import { ProtocolError } from '../errors.js';
import { MAX_DURATION_MS, MAX_RUNS } from './limits.js';
import {
  anyObject,
  boolean,
  either,
  integer,
  list,
  number,
  object,
  oneOf,
  optional,
  orNull,
  ShapeError,
  text,
  type Infer,
  type Shape,
} from './shape.js';

/*
 * What mdt and the agent on the board say to each other: JSON lines in UTF-8, one object a line, each with a `type`.
 * Unknown fields are ignored, an unknown type is an error. All times are nanoseconds of the board's monotonic clock
 * unless their name says otherwise; `src/agent/agent.py` is the other end.
 */

/** Version of the messages; another number in `hello` is another language. */
export const AGENT_PROTOCOL = 1;

/** Longest line in either direction, without its line end. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** Most latencies that one `samples` message carries. */
export const MAX_BATCH = 16_384;

const MAX_MODELS = 64;
const nanoseconds = integer(0);
const count = integer(0);
const id = text(128);
const delegate = oneOf('edgetpu', 'cpu', 'simulated');

/** Why a run failed; see {@link AgentError} for what each means to a user. */
export const agentErrorCode = oneOf(
  'NOT_A_MODEL',
  'NO_RUNTIME',
  'NO_TPU',
  'MODEL_FAILED',
  'UNRESOLVED_OP',
  'RUNTIME_TOO_OLD',
  'LIBRARY_MISMATCH',
  'PROBE_CRASHED',
  'PROBE_TIMEOUT',
  'DISK_FULL',
  'GOVERNOR',
  'MODEL_MISSING',
  'BAD_REQUEST',
  'INTERNAL',
);

const runtimeName = oneOf('tflite_runtime', 'edgetpu', 'tflite_c');

/** The first line of the agent: what the board has. */
const hello = object({
  type: oneOf('hello'),
  protocol: oneOf(AGENT_PROTOCOL),
  agent: text(32),
  python: text(64),
  board: object({ model: orNull(text()), kernel: text(), mendel: orNull(text()), machine: text() }),
  /** In the order in which they are tried. `detail` says why one is not usable. */
  runtimes: list(object({ name: runtimeName, version: orNull(text()), usable: boolean, detail: text(4096) }), 16),
  libraries: list(object({ name: text(), version: orNull(text()), path: orNull(text(4096)) }), 16),
  /** Speed of the USB port, where it is on one and the kernel tells: 480 is USB 2, 5000 is USB 3. */
  tpus: list(object({ index: count, type: oneOf('pci', 'usb'), path: text(4096), usbMbps: orNull(integer(-1)) }), 64),
  /** The Edge TPU library is a test double, and says so in its version. */
  simulated: boolean,
  /** Wall clock of the board, milliseconds since 1970. */
  clockMs: integer(-Number.MAX_SAFE_INTEGER),
});

/** Where a model is. `done` and `total` count the inferences of a warm-up, or the steps of a training. */
const progress = object({
  type: oneOf('progress'),
  id,
  phase: oneOf('loading', 'first', 'warmup', 'running', 'training'),
  model: text(),
  done: count,
  total: optional(count),
});

/** Latencies of consecutive inferences of one stream; between two messages there is a gap. */
const samples = object({
  type: oneOf('samples'),
  id,
  model: text(),
  stream: count,
  /** From the first copy in to the last copy out. */
  startedNs: nanoseconds,
  endedNs: nanoseconds,
  ns: list(nanoseconds, MAX_BATCH),
  /** Time of copying the input in and the outputs out, one for each inference, where copies were asked for. */
  inputNs: optional(list(nanoseconds, MAX_BATCH)),
  outputNs: optional(list(nanoseconds, MAX_BATCH)),
});

/** State of the board at `atNs`; null is what this board does not tell. One temperature for each Edge TPU on PCIe. */
const telemetry = object({
  type: oneOf('telemetry'),
  id,
  atNs: nanoseconds,
  tpuTempMilliC: orNull(list(orNull(integer(-1_000_000)), 64)),
  cpuTempMilliC: orNull(integer(-1_000_000)),
  cpuFreqKHz: orNull(count),
  governor: orNull(text(64)),
  /** Whether an Edge TPU is hot enough for its driver to slow it down, and the driver looks. */
  throttled: orNull(boolean),
});

/** A stream has its model loaded and has run it once. */
const loaded = object({
  type: oneOf('loaded'),
  id,
  model: text(),
  stream: count,
  runtime: runtimeName,
  delegate,
  /** Index of the Edge TPU as in `hello`; null on the CPU. */
  tpu: orNull(count),
  loadNs: nanoseconds,
  firstNs: nanoseconds,
  /** Of all outputs of the first inference, one after the other, on the fixed input. */
  outputSha256: text(64),
});

/** A training has ended. */
const trained = object({
  type: oneOf('trained'),
  id,
  model: text(),
  delegate,
  wallNs: nanoseconds,
  /** Mean cross entropy over all samples after the last step, which shows that something was learned. */
  loss: orNull(number),
});

/** The last message of a run that was not an error. */
const result = object({
  type: oneOf('result'),
  id,
  endedBy: oneOf('runs', 'duration', 'cancelled'),
  /** False only if the governor was changed and could not be set back. */
  governorRestored: boolean,
});

/** The last message of a run that failed; without `id`, about something that was no run. */
const error = object({
  type: oneOf('error'),
  id: optional(id),
  code: agentErrorCode,
  message: text(4096),
  facts: anyObject,
});

/** What is trained on the board instead of a model being measured, as pycoral's scripts do it. */
const training = object({
  /** `softmax`: the last layer, by numpy. `imprinting`: the model at the path, by pycoral on the Edge TPU. */
  kind: oneOf('softmax', 'imprinting'),
  classes: integer(1, 9999),
  /** Numbers in a sample of `softmax`; samples of each class for `imprinting`. */
  size: integer(1, 99_999),
});

const model = object({
  /** Path on the board; not looked at for `softmax`. */
  path: text(),
  /** What the messages call it; unique in a run. */
  name: text(),
  /** Whether it was compiled for the Edge TPU. */
  edgetpu: boolean,
  training: optional(training),
});

/** Measures `models`, one after the other or in turn. Exactly one of `runs` and `durationMs` is not null. */
const run = object({
  type: oneOf('run'),
  id,
  models: list(model, MAX_MODELS),
  target: oneOf('tpu', 'cpu'),
  /** Which Edge TPU; null is the first, `all` runs on each at the same time. */
  tpu: orNull(either(integer(0, 63), oneOf('all'))),
  /** Only so many of `all`. */
  tpuCount: optional(integer(1, 64)),
  /** Measured inferences of each model in each stream; steps of a `softmax` training. */
  runs: orNull(integer(1, MAX_RUNS)),
  /** Time for each model, or for all of them where they are interleaved. */
  durationMs: orNull(integer(1, MAX_DURATION_MS)),
  /** Inferences after the first that are not measured, for each model in each stream. */
  warmup: integer(0, 1_000_000),
  /** Concurrent interpreters on each Edge TPU, or on the CPU. */
  streams: integer(1, 64),
  interleave: boolean,
  /** Threads of each interpreter for what runs on the CPU; null leaves it to the library. */
  threads: orNull(integer(1, 64)),
  governor: orNull(oneOf('performance')),
  telemetryIntervalMs: integer(20, 60_000),
  /** Seed of the fixed input. */
  seed: integer(0, 0xffff_ffff),
  /** Whether to copy input and outputs around every inference, and to measure it. */
  copies: boolean,
  /** How long loading and the first inference of a model may take; default 20 s, more than any model here needs. */
  probeTimeoutMs: optional(integer(100, 600_000)),
});

const cancel = object({ type: oneOf('cancel'), id });
const bye = object({ type: oneOf('bye') });

export type Hello = Infer<typeof hello>;
export type AgentProgress = Infer<typeof progress>;
export type Samples = Infer<typeof samples>;
export type Telemetry = Infer<typeof telemetry>;
export type Loaded = Infer<typeof loaded>;
export type Trained = Infer<typeof trained>;
export type RunResult = Infer<typeof result>;
/** An error as the benchmark agent reports it. */
export type AgentFailure = Infer<typeof error>;
/** Why the benchmark agent could not do what it was asked. */
export type AgentErrorCode = Infer<typeof agentErrorCode>;
export type RuntimeName = Infer<typeof runtimeName>;
/** What the agent says. */
export type AgentMessage = Hello | AgentProgress | Samples | Telemetry | Loaded | Trained | RunResult | AgentFailure;

export type RunModel = Infer<typeof model>;
export type RunRequest = Infer<typeof run>;
/** What mdt says. */
export type HostMessage = RunRequest | Infer<typeof cancel> | Infer<typeof bye>;

/** Shapes of what the agent says, by type. */
export const fromAgent: Readonly<Record<AgentMessage['type'], Shape<AgentMessage>>> = {
  hello,
  progress,
  samples,
  telemetry,
  loaded,
  trained,
  result,
  error,
};
/** Shapes of what mdt says, by type. */
export const fromHost: Readonly<Record<HostMessage['type'], Shape<HostMessage>>> = { run, cancel, bye };

/** Reads a line of the agent. @throws ProtocolError, which carries the beginning of the line */
export function parseAgentLine(line: string): AgentMessage {
  return parseLine(line, fromAgent);
}

/** Reads a line of mdt, as the agent does. @throws ProtocolError */
export function parseHostLine(line: string): HostMessage {
  return parseLine(line, fromHost);
}

/** A message as the line to send, with its line end. @throws ProtocolError if it is not one that the agent takes */
export function writeHostLine(message: HostMessage): string {
  const line = JSON.stringify(message);
  parseHostLine(line);
  return `${line}\n`;
}

function parseLine<T>(line: string, shapes: Readonly<Record<string, Shape<T>>>): T {
  if (line.length > MAX_LINE_BYTES) return refuse(line, 'its line is longer than 1 MiB');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refuse(line, 'it is not JSON');
  }
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  const shape = typeof type === 'string' && Object.hasOwn(shapes, type) ? shapes[type] : undefined;
  if (shape === undefined) return refuse(line, 'its type is unknown');
  try {
    return shape.read(value, String(type));
  } catch (error) {
    if (error instanceof ShapeError) return refuse(line, error.message);
    throw error;
  }
}

function refuse(line: string, problem: string): never {
  throw new ProtocolError(`A message of the benchmark agent cannot be understood: ${problem}.`, {
    hint: 'Another version of mdt may have left its agent running; try again.',
    facts: { bytes: line.slice(0, 200), problem },
  });
}
