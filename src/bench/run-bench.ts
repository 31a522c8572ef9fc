import type { AgentClient, RunSpec } from '../agent/client.js';
import { safeText } from '../device/board-text.js';
import { UsageError } from '../errors.js';
import { pushModels, type PushedModel } from '../models/push-models.js';
import type { SshSession } from '../ssh/session.js';
import { readModelFile } from '../tflite/model-file.js';
import { throwIfAborted } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import { checkBoard, record, specOf, startAgent } from './agent-session.js';
import { buildReport } from './build-report.js';
import type { BenchReport } from './report.js';
import type { BenchRequest } from './request.js';
import { measureScaling } from './scaling.js';

export interface BenchOutcome {
  readonly report: BenchReport;
  /** What went over for this run besides the specification: 0 and false the second time. */
  readonly sentModels: number;
  readonly sentAgent: boolean;
}

const DEFAULT_RUNS = { tpu: 500, cpu: 50 } as const;

/**
 * Measures models on the board: puts them and the agent there unless they are there already, runs, and tells.
 * Models are sent only to a board that can run them. When the signal aborts, the run is cancelled on the board.
 * @throws AgentError for what the board cannot do, RuntimeTooOldError, UsageError, and what `pushModels` throws
 */
export async function runBench(
  session: SshSession,
  request: BenchRequest,
  operation: LongOperation = {},
): Promise<BenchOutcome> {
  for (const file of request.files) await checkTarget(file, request.target);
  const { client, sent, startedAtMs } = await startAgent(session, operation);
  await using agent = client;
  checkBoard(agent, request);
  const { models: pushed } = await pushModels(session, request, operation);
  const models = uniquelyNamed(pushed);
  const spec = runSpecOf(models, request);
  const taken = await record(agent, spec, operation);
  if ([...taken.models.values()].every(({ latencies }) => latencies.count === 0)) throwIfAborted(operation.signal);
  const scaling = isScaled(agent, request) ? await measureScaling(agent, { spec, all: taken }, operation) : [];
  const report = buildReport({ models, record: taken, hello: agent.hello, request, startedAtMs, scaling });
  return { report, sentModels: pushed.filter(one => one.sent).length, sentAgent: sent };
}

async function checkTarget(file: string, target: 'tpu' | 'cpu'): Promise<void> {
  const model = await readModelFile(file);
  if ((model.edgeTpu !== undefined) === (target === 'tpu')) return;
  throw target === 'tpu'
    ? new UsageError(`${safeText(file)} is not compiled for the Edge TPU.`, {
        hint: 'Compile it with "mdt model compile", or measure the CPU with --cpu.',
      })
    : new UsageError(`${safeText(file)} is compiled for the Edge TPU and does not run on the CPU.`, {
        hint: 'Leave --cpu out, or give the model that it was compiled from.',
      });
}

/** A name stands for one model in the messages; files of one content have been pushed once. */
function uniquelyNamed(models: readonly PushedModel[]): PushedModel[] {
  return [...new Map(models.map(model => [model.name, model])).values()];
}

function runSpecOf(models: readonly PushedModel[], request: BenchRequest): RunSpec {
  const { target, durationMs } = request;
  return {
    ...specOf(request),
    models: models.map(({ path, name, model }) => ({ path, name, edgetpu: model.edgeTpu !== undefined })),
    runs: durationMs === undefined ? (request.runs ?? DEFAULT_RUNS[target]) : null,
    durationMs: durationMs ?? null,
  };
}

function isScaled({ hello }: AgentClient, { target, tpu }: BenchRequest): boolean {
  return target === 'tpu' && tpu === 'all' && hello.tpus.length > 1;
}
