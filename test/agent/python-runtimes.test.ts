import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentError } from '../../src/agent/agent-error.js';
import { talkToAgent, type RunEvent, type RunSpec } from '../../src/agent/client.js';
import type { Hello, RunModel } from '../../src/agent/messages.js';
import { makeEdgeTpuModel } from '../fixtures/models.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { doubleEnvironment, needingDouble, removeDouble } from './edge-tpu-double.js';
import { cpuRun, hasPython, pythonTests, startAgent } from './local-agent.js';

/*
 * The agent with Python packages that boards have, played by stand-ins: edgetpu of Mendel 2 and 3, and pycoral. numpy is
 * the real one.
 */
const hasNumpy = hasPython && spawnSync('python3', ['-c', 'import numpy']).status === 0;
const withNumpy = (title: string, body: (t: ExecutionContext) => Promise<void>): void => {
  if (hasNumpy) test.serial(title, body);
  else test.serial.skip(`${title} (needs numpy)`, body);
};
const withDouble = hasNumpy ? needingDouble(test) : withNumpy;

test.after.always(removeDouble);

interface Outcome {
  readonly hello: Hello;
  readonly events: readonly RunEvent[];
}

async function outcomeOf(
  t: ExecutionContext,
  spec: RunSpec,
  { root = '', env = {} }: { readonly root?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const packages = await tempDir(t);
  spawnSync('python3', ['-B', join(pythonTests, 'legacy_runtime.py'), packages]);
  const channel = startAgent(t, {
    library: join(packages, 'none.so'),
    args: ['--root', root],
    env: { PYTHONPATH: packages, ...env },
  });
  await using agent = await talkToAgent(channel, { helloTimeoutMs: 60_000 });
  const events: RunEvent[] = [];
  for await (const event of agent.run(spec)) events.push(event);
  return { hello: agent.hello, events };
}

/** A folder that stands for a board with one Edge TPU on PCIe, and a model there. */
async function boardTree(t: ExecutionContext, content: Uint8Array | string = makeEdgeTpuModel()): Promise<string> {
  const root = await tempDir(t);
  await mkdir(join(root, 'sys/class/apex/apex_0'), { recursive: true });
  await writeFile(join(root, 'model.tflite'), content);
  return root;
}

function spec(model: Partial<RunModel>, changes: Partial<RunSpec>): RunSpec {
  return cpuRun('/model.tflite', {
    models: [{ path: '/model.tflite', name: 'model', edgetpu: true, ...model }],
    ...changes,
  });
}

withNumpy('a board of Mendel 2 or 3 runs its models with the edgetpu package alone', async t => {
  const { hello, events } = await outcomeOf(t, spec({}, { target: 'tpu' }), { root: await boardTree(t) });
  t.like(hello.runtimes[1], { name: 'edgetpu', version: '1.9.2 simulated', usable: true });
  t.like(hello.tpus, [{ type: 'pci', path: '/dev/apex_0' }]);
  t.like(
    events.find(({ type }) => type === 'loaded'),
    { runtime: 'edgetpu', delegate: 'simulated', tpu: 0 },
  );
  t.is(events.at(-1)?.type, 'result');
});

withNumpy('what that package refuses is told by what it says', async t => {
  const root = await boardTree(t, Buffer.concat([Buffer.from(makeEdgeTpuModel()), Buffer.from('is-too-old')]));
  const error = await t.throwsAsync(outcomeOf(t, spec({}, { target: 'tpu' }), { root }), { instanceOf: AgentError });
  t.is(error.code, 'RUNTIME_TOO_OLD');
  t.like(error.facts, { needed: 14, installed: 13 });
});

withNumpy('that package has no CPU, which is told as no runtime', async t => {
  const run = outcomeOf(t, spec({ edgetpu: false }, {}), { root: await boardTree(t) });
  t.is((await t.throwsAsync(run, { instanceOf: AgentError })).code, 'NO_RUNTIME');
});

withNumpy('training the last layer learns: its loss falls below that of guessing', async t => {
  const training = { kind: 'softmax', classes: 4, size: 32 } as const;
  const lossAfter = async (runs: number): Promise<number> => {
    const { events } = await outcomeOf(t, spec({ path: '-', training }, { runs }));
    const trained = events.find(event => event.type === 'trained');
    t.is(trained?.delegate, 'cpu');
    t.true((trained?.wallNs ?? 0) > 0);
    t.is(events.at(-1)?.type, 'result');
    return trained?.loss ?? Number.NaN;
  };
  const [first, last] = [await lossAfter(1), await lossAfter(500)];
  t.true(Math.abs(first - Math.log(4)) < 0.05, String(first));
  t.true(last < first, `${String(last)} after ${String(first)}`);
});

withDouble('imprinting trains every class on its images by pycoral', async (t: ExecutionContext) => {
  const training = { kind: 'imprinting', classes: 10, size: 20 } as const;
  const env = doubleEnvironment({ devices: 'pci:/dev/apex_0' });
  const { events } = await outcomeOf(t, spec({ training }, { target: 'tpu' }), { root: await boardTree(t), env });
  t.like(
    events.find(({ type }) => type === 'trained'),
    { delegate: 'simulated', loss: null },
  );
});

withNumpy('imprinting without libedgetpu is told as no runtime', async t => {
  const training = { kind: 'imprinting', classes: 10, size: 20 } as const;
  const run = outcomeOf(t, spec({ training }, { target: 'tpu' }), { root: await boardTree(t) });
  t.is((await t.throwsAsync(run, { instanceOf: AgentError })).code, 'NO_RUNTIME');
});
