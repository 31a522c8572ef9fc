import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { agentFile, hasPython, root, tfliteLibrary } from '../agent/local-agent.js';
import { makeRunnableModel } from '../fixtures/runnable-model.js';
import { agentStart } from './agent-start.js';
import type { Pairs } from './measure.js';
import { comparison, type Row } from './row.js';

const ROUNDS = 15;

/** What the agent adds to the inference that it measures: the same interpreter, in the same process, in turn. */
export async function measuringModels(): Promise<Row[]> {
  const name = 'median inference told by the agent';
  if (!hasPython || tfliteLibrary === undefined) {
    return [{ kind: 'skipped', name, reason: 'needs python3 and TensorFlow Lite (npm tfjs-tflite-node)' }];
  }
  const folder = await mkdtemp(join(tmpdir(), 'mdt-bench-'));
  try {
    const model = join(folder, 'model.tflite');
    await writeFile(model, makeRunnableModel(1024));
    const script = join(root, 'test', 'bench', 'agent_overhead.py');
    const words = ['-B', script, agentFile, tfliteLibrary, model, String(ROUNDS)];
    const { stdout } = await promisify(execFile)('python3', words);
    const overhead = comparison(name, { peerName: 'a bare loop', target: 1.03 }, JSON.parse(stdout) as Pairs);
    return [overhead, await agentStart()];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
