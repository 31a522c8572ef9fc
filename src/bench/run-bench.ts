import { AgentError } from '../agent/agent-error.js';
import { talkToAgent, type AgentClient, type RunSpec } from '../agent/client.js';
import { UsageError } from '../errors.js';
import { safeText } from '../device/board-text.js';
import { pushModels, type PushedModel } from '../models/push-models.js';
import { quoteWord } from '../ssh/quote.js';
import type { SshSession } from '../ssh/session.js';
import { throwIfAborted } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import { buildReport } from './build-report.js';
import { RunRecord } from './collect.js';
import { deployAgent } from './deploy-agent.js';
import type { BenchReport } from './report.js';
import { DEFAULT_WARMUP, type BenchRequest } from './request.js';

export interface BenchOutcome {
  readonly report: BenchReport;
  /** What went over for this run besides the specification: 0 and false the second time. */
  readonly sentModels: number;
  readonly sentAgent: boolean;
}

const TASK = 'bench';
const DEFAULT_RUNS = { tpu: 500, cpu: 50 } as const;
/** The seed of pycoral's scripts. */
const SEED = 12_345;

/**
 * Measures models on the board: puts them and the agent there unless they are there already, runs, and tells.
 * When the signal aborts, the run is cancelled on the board.
 * @throws AgentError for what the board cannot do, RuntimeTooOldError, UsageError, and what `pushModels` throws
 */
export async function runBench(
  session: SshSession,
  request: BenchRequest,
  operation: LongOperation = {},
): Promise<BenchOutcome> {
  const { models: pushed } = await pushModels(session, request, operation);
  checkTarget(pushed, request.target);
  const agentFile = await deployAgent(session, operation);
  const startedAt = new Date().toISOString();
  const channel = await session.exec(agentCommand(agentFile.path));
  await using agent = await talkToAgent(channel, { signal: operation.signal });
  if (request.target === 'tpu' && agent.hello.tpus.length === 0) throw noEdgeTpu();
  const models = uniquelyNamed(pushed);
  const record = await run(agent, specOf(models, request), operation);
  if ([...record.models.values()].every(({ latencies }) => latencies.count === 0)) throwIfAborted(operation.signal);
  const report = buildReport({ models, record, hello: agent.hello, request, startedAt });
  return { report, sentModels: pushed.filter(({ sent }) => sent).length, sentAgent: agentFile.sent };
}

/** The command that starts the agent on a board, by hand too. */
export function agentCommand(path: string): string {
  return `exec python3 -B -u ${quoteWord(path)}`;
}

function checkTarget(models: readonly PushedModel[], target: 'tpu' | 'cpu'): void {
  const wrong = models.find(({ model }) => (model.edgeTpu !== undefined) !== (target === 'tpu'));
  if (wrong === undefined) return;
  const file = safeText(wrong.file);
  throw target === 'tpu'
    ? new UsageError(`${file} is not compiled for the Edge TPU.`, {
        hint: 'Compile it with "mdt model compile", or measure the CPU with --cpu.',
      })
    : new UsageError(`${file} is compiled for the Edge TPU and does not run on the CPU.`, {
        hint: 'Leave --cpu out, or give the model that it was compiled from.',
      });
}

function noEdgeTpu(): AgentError {
  return new AgentError({ code: 'NO_TPU', message: 'The board has no Edge TPU that it can see.', facts: {} });
}

/** A name stands for one model in the messages; files of one content have been pushed once. */
function uniquelyNamed(models: readonly PushedModel[]): PushedModel[] {
  return [...new Map(models.map(model => [model.name, model])).values()];
}

function specOf(models: readonly PushedModel[], request: BenchRequest): RunSpec {
  const { target, durationMs } = request;
  return {
    models: models.map(({ path, name, model }) => ({ path, name, edgetpu: model.edgeTpu !== undefined })),
    target,
    tpu: target === 'cpu' ? null : (request.tpu ?? null),
    runs: durationMs === undefined ? (request.runs ?? DEFAULT_RUNS[target]) : null,
    durationMs: durationMs ?? null,
    warmup: request.warmup ?? DEFAULT_WARMUP,
    streams: request.streams ?? 1,
    interleave: request.interleave === true,
    threads: request.threads ?? null,
    governor: request.governor ?? null,
    telemetryIntervalMs: 500,
    seed: SEED,
    copies: true,
  };
}

async function run(agent: AgentClient, spec: RunSpec, { signal, onProgress }: LongOperation): Promise<RunRecord> {
  const record = new RunRecord();
  let done = 0;
  onProgress?.({ kind: 'started', task: TASK, unit: 'steps' });
  try {
    for await (const event of agent.run(spec, { signal })) {
      record.take(event);
      if (event.type !== 'progress') continue;
      done = event.done;
      const total = event.total === undefined ? {} : { total: event.total };
      const detail = `${safeText(event.model)} ${event.phase}`;
      onProgress?.({ kind: 'progress', task: TASK, unit: 'steps', done, ...total, detail });
    }
    onProgress?.({ kind: 'finished', task: TASK, unit: 'steps', done });
  } catch (error) {
    onProgress?.({ kind: 'failed', task: TASK, error });
    throw error;
  }
  return record;
}
