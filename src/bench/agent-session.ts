import { AgentError } from '../agent/agent-error.js';
import { talkToAgent, type AgentClient, type RunSpec } from '../agent/client.js';
import { safeText } from '../device/board-text.js';
import { MdtError } from '../errors.js';
import { quoteWord } from '../ssh/quote.js';
import type { SshSession } from '../ssh/session.js';
import type { LongOperation } from '../time/progress.js';
import { RunRecord } from './collect.js';
import { isVirtual } from './conditions.js';
import { deployAgent } from './deploy-agent.js';
import { DEFAULT_WARMUP, type RunChoices } from './request.js';

/** The seed of pycoral's scripts. */
const SEED = 12_345;
const TASK = 'bench';

/** An agent that waits for runs. */
export interface StartedAgent {
  readonly client: AgentClient;
  /** False if the board had the agent already. */
  readonly sent: boolean;
  /** Clock of this host when the agent told its own, milliseconds since 1970. */
  readonly startedAtMs: number;
}

/** Puts the agent on the board unless it is there, and starts it. @throws what `deployAgent` and `talkToAgent` throw */
export async function startAgent(session: SshSession, operation: LongOperation = {}): Promise<StartedAgent> {
  const { path, sent } = await deployAgent(session, operation);
  const channel = await session.exec(agentCommand(path));
  const client = await talkToAgent(channel, { signal: operation.signal });
  return { client, sent, startedAtMs: Date.now() };
}

/** The command that starts the agent on a board, by hand too. */
export function agentCommand(path: string): string {
  return `exec python3 -B -u ${quoteWord(path)}`;
}

/** Fails before anything is pushed where the board has no such Edge TPU, or nothing that runs models. @throws AgentError */
export function checkBoard({ hello }: Pick<AgentClient, 'hello'>, { target, tpu }: RunChoices): void {
  const found = hello.tpus.length;
  const wanted = typeof tpu === 'number' ? tpu : 0;
  if (target === 'tpu' && wanted >= found) {
    const which =
      found === 0 ? 'that it can see' : `with number ${String(wanted)}, counted from 0: it has ${String(found)}`;
    throw new AgentError({ code: 'NO_TPU', message: `The board has no Edge TPU ${which}.`, facts: { found } });
  }
  const usable = hello.runtimes.filter(runtime => runtime.usable);
  if (usable.length === 0 && isVirtual(hello.board)) throw noRuntimeHere();
  if (usable.length === 0) {
    const message = 'This board has no TensorFlow Lite that can be used.';
    throw new AgentError({ code: 'NO_RUNTIME', message, facts: { runtimes: hello.runtimes } });
  }
  if (target === 'tpu' && !usable.some(bringsLibrary) && !hello.libraries.some(({ name }) => name === 'libedgetpu')) {
    const message = 'The Edge TPU library of this board cannot be loaded.';
    throw new AgentError({ code: 'NO_RUNTIME', message, facts: { library: 'libedgetpu' } });
  }
}

/** A virtual board measures this host's processor, with TensorFlow Lite of this host. */
function noRuntimeHere(): MdtError {
  return new MdtError('refused', 'NO_RUNTIME', 'This host has no TensorFlow Lite that a virtual board could use.', {
    hint:
      'Install it where mdt is installed: `npm install --ignore-scripts tfjs-tflite-node` (add -g if mdt is installed so), ' +
      'which has it for Linux on x64 and arm64 and for macOS on arm64.',
  });
}

/** The edgetpu package of Mendel 2 and 3 loads the Edge TPU's library by itself, and is not usable where it cannot. */
function bringsLibrary({ name }: { readonly name: string }): boolean {
  return name === 'edgetpu';
}

/** A run without its models, as it was asked for. */
export function specOf(choices: RunChoices): Omit<RunSpec, 'models' | 'runs' | 'durationMs'> {
  return {
    target: choices.target,
    tpu: choices.target === 'cpu' ? null : (choices.tpu ?? null),
    warmup: choices.warmup ?? DEFAULT_WARMUP,
    streams: choices.streams ?? 1,
    interleave: choices.interleave === true,
    threads: choices.threads ?? null,
    governor: choices.governor ?? null,
    telemetryIntervalMs: 500,
    seed: SEED,
    copies: true,
  };
}

/** Runs and takes in what is told; progress counts the inferences, or the steps of a training. @throws as `AgentClient.run` */
export async function record(
  agent: AgentClient,
  spec: RunSpec,
  { signal, onProgress }: LongOperation,
): Promise<RunRecord> {
  const taken = new RunRecord(spec.models.map(({ name }) => name));
  let done = 0;
  onProgress?.({ kind: 'started', task: TASK, unit: 'steps' });
  try {
    for await (const event of agent.run(spec, { signal })) {
      taken.take(event);
      if (event.type !== 'progress' && event.type !== 'samples') continue;
      const run = taken.modelOf(event.model);
      const isMeasuring = event.type === 'samples' || event.phase === 'running';
      done = isMeasuring ? run.latencies.count : event.done;
      const all = spec.runs === null ? undefined : spec.runs * run.loaded.length;
      const total = isMeasuring ? all : event.total;
      const detail = `${safeText(event.model)} ${isMeasuring ? 'running' : event.phase}`;
      onProgress?.({
        ...{ kind: 'progress', task: TASK, unit: 'steps', done, detail },
        ...(total === undefined ? {} : { total }),
      });
    }
    onProgress?.({ kind: 'finished', task: TASK, unit: 'steps', done });
  } catch (error) {
    onProgress?.({ kind: 'failed', task: TASK, error });
    throw error;
  }
  return taken;
}
