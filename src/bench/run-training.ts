import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../agent/agent-error.js';
import type { AgentClient, RunSpec } from '../agent/client.js';
import type { RunModel } from '../agent/messages.js';
import { safeText } from '../device/board-text.js';
import { FileError } from '../errors.js';
import { pushModels } from '../models/push-models.js';
import type { SshSession } from '../ssh/session.js';
import { throwIfAborted } from '../time/deadline.js';
import type { LongOperation } from '../time/progress.js';
import { record, specOf, startAgent } from './agent-session.js';
import { RunRecord } from './collect.js';
import { boardOf, conditionsOf, simulationOf } from './conditions.js';
import { IMPRINTING_MODEL, referenceBoardOf, referenceImprintingMs } from './reference.js';
import type { BenchReport, TrainingReport } from './report.js';
import type { RunChoices } from './request.js';

export interface TrainingRequest extends RunChoices {
  /** Folder of this host with the model for imprinting; without it only the last layer is trained. */
  readonly folder?: string | undefined;
  readonly boardName: string;
  readonly mdtVersion: string;
  /** Steps of the last layer's training; default 500, as pycoral's script makes. */
  readonly steps?: number | undefined;
}

type Training = NonNullable<RunModel['training']>;

/** A training to be made; without a model on the board where there is a reason not to make it. */
interface Task {
  readonly name: string;
  readonly training: Training;
  readonly steps: number;
  readonly path: string | undefined;
}

const DEFAULT_STEPS = 500;
/** Classes and features of pycoral's softmax_regression_benchmarks.py. */
const LAST_LAYERS = [
  [4, 256],
  [16, 256],
  [4, 1024],
  [16, 1024],
] as const;
/** Classes and images of each, of pycoral's imprinting_benchmarks.py. */
const IMPRINTING = { kind: 'imprinting', classes: 10, size: 20 } as const;
/** Failures that leave one training out and let the others be made. */
const MISSING: readonly string[] = ['NO_RUNTIME', 'NO_TPU'];

/**
 * Measures training on the board as pycoral's scripts do: the last layer by gradient descent in numpy, and imprinting by
 * pycoral. What the board lacks is told in place of a time.
 * @throws AgentError, FileError for a folder without the model, and what `pushModels` throws
 */
export async function runTraining(
  session: SshSession,
  request: TrainingRequest,
  operation: LongOperation = {},
): Promise<BenchReport> {
  const file = await imprintingFile(request.folder);
  const { client, startedAtMs } = await startAgent(session, operation);
  await using agent = client;
  const tasks = await tasksFor(session, { request, file }, operation);
  const training: TrainingReport[] = [];
  let last = new RunRecord();
  for (const task of tasks) {
    const taken = await attempt(agent, { task, request }, operation);
    if (taken instanceof RunRecord) last = taken;
    training.push(trainingReport(agent, task, taken));
    throwIfAborted(operation.signal);
  }
  const simulation = simulationOf(agent.hello, last);
  return {
    ...{ schema: 1, mdt: request.mdtVersion, startedAt: new Date(startedAtMs).toISOString() },
    ...{ simulated: simulation !== null, simulation },
    board: boardOf(agent.hello, request.boardName, startedAtMs),
    conditions: conditionsOf(last, request),
    ...{ endedBy: 'runs', models: [], scaling: [], training },
  };
}

async function imprintingFile(folder: string | undefined): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  const file = join(folder, IMPRINTING_MODEL);
  if ((await stat(file).catch(() => undefined))?.isFile() === true) return file;
  throw new FileError(`The model for imprinting is not in ${safeText(folder)}.`, {
    hint: `Put ${IMPRINTING_MODEL} of github.com/google-coral/test_data there, or give no folder.`,
    facts: { path: folder },
  });
}

async function tasksFor(
  session: SshSession,
  { request, file }: { readonly request: TrainingRequest; readonly file: string | undefined },
  operation: LongOperation,
): Promise<Task[]> {
  const pushed = file === undefined ? undefined : await pushModels(session, { files: [file] }, operation);
  const steps = request.steps ?? DEFAULT_STEPS;
  const lastLayers = LAST_LAYERS.map(([classes, size]): Task => {
    const name = `last layer, ${String(classes)} classes of ${String(size)} features`;
    return { name, training: { kind: 'softmax', classes, size }, steps, path: '-' };
  });
  const images = IMPRINTING.classes * IMPRINTING.size;
  return [
    ...lastLayers,
    { name: `imprinting, ${IMPRINTING_MODEL}`, training: IMPRINTING, steps: images, path: pushed?.models[0]?.path },
  ];
}

/** The record of a training, or why there is none. */
async function attempt(
  agent: AgentClient,
  { task, request }: { readonly task: Task; readonly request: TrainingRequest },
  operation: LongOperation,
): Promise<RunRecord | string> {
  const { name, training, steps, path } = task;
  if (path === undefined) return `give a folder with ${IMPRINTING_MODEL}`;
  const models = [{ path, name, edgetpu: training.kind === 'imprinting', training }];
  const spec: RunSpec = { ...specOf(request), models, runs: steps, durationMs: null };
  try {
    return await record(agent, spec, operation);
  } catch (error) {
    if (!(error instanceof AgentError) || !MISSING.includes(error.code)) throw error;
    return error.message;
  }
}

function trainingReport({ hello }: AgentClient, task: Task, taken: RunRecord | string): TrainingReport {
  const { name, training, steps } = task;
  const trained = typeof taken === 'string' ? undefined : taken.trained;
  const board = referenceBoardOf(hello);
  return {
    name,
    ...training,
    steps,
    delegate: trained?.delegate ?? null,
    ms: trained === undefined ? null : Number((trained.wallNs / 1e6).toPrecision(6)),
    loss: trained?.loss ?? null,
    reason: typeof taken === 'string' ? taken : null,
    referenceMs: training.kind === 'imprinting' && board !== undefined ? referenceImprintingMs(board) : null,
  };
}
