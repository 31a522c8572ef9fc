import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { TransportError } from '../../src/errors.js';
import { AgentError } from '../../src/agent/agent-error.js';
import { pause } from '../../src/time/deadline.js';
import { talkToAgent, type RunEvent, type RunSpec } from '../../src/agent/client.js';
import { makeEdgeTpuModel } from '../fixtures/models.js';
import { makeRunnableModel } from '../fixtures/runnable-model.js';
import { sharedModels } from '../fixtures/shared-models.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { agentFile, cpuRun, needing, startAgent, type LocalAgent, type StartOptions } from './local-agent.js';

const withPython = needing(test, 'python3');
const withLibrary = needing(test, 'TensorFlow Lite');

/** SHA-256 of the fixed input of 64 bytes (Python's generator, seed 12345) turned around: made without TensorFlow Lite. */
const TURNED_AROUND = '1128decc12bcd7f6aafc444953f9fc136385fedbb891f858e76da054e0c182a8';

async function fileOf(t: ExecutionContext, content: Uint8Array | string): Promise<string> {
  const path = join(await tempDir(t), 'model.tflite');
  await writeFile(path, content);
  return path;
}

async function eventsOf(t: ExecutionContext, spec: RunSpec, options?: StartOptions): Promise<RunEvent[]> {
  await using agent = await talkToAgent(startAgent(t, options));
  return await collect(agent.run(spec));
}

async function collect(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

function only<T extends RunEvent['type']>(events: readonly RunEvent[], type: T): Extract<RunEvent, { type: T }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}

/** Measured inferences of a run that came to its end. */
function inferences(events: readonly RunEvent[]): number | undefined {
  if (events.at(-1)?.type !== 'result') return undefined;
  return only(events, 'samples').reduce((sum, { ns }) => sum + ns.length, 0);
}

async function failureOf(t: ExecutionContext, spec: RunSpec, options?: StartOptions): Promise<AgentError> {
  const error = await t.throwsAsync(eventsOf(t, spec, options), { instanceOf: AgentError });
  t.truthy(error.hint);
  return error;
}

function tpuRun(path: string, changes: Partial<RunSpec> = {}): RunSpec {
  return cpuRun(path, { target: 'tpu', models: [{ path, name: 'model', edgetpu: true }], ...changes });
}

/** Looks until `condition` holds; the test's own deadline is the limit. Nothing tells when the child of a child ends. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(5);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Processes whose parent is `pid`. */
async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').catch(() => '');
  return list.split(' ').filter(Boolean).map(Number);
}

withLibrary('a model runs on the CPU, its output is right and every inference is told', async t => {
  const size = 64;
  const path = await fileOf(t, makeRunnableModel(size));
  const events = await eventsOf(t, cpuRun(path, { runs: 30, copies: true }));
  const [loaded] = only(events, 'loaded');
  t.is(loaded?.delegate, 'cpu');
  t.is(loaded?.runtime, 'tflite_c');
  t.is(loaded?.outputSha256, TURNED_AROUND);
  const samples = only(events, 'samples');
  t.is(samples.flatMap(batch => batch.ns).length, 30);
  t.is(samples.flatMap(batch => batch.inputNs ?? []).length, 30);
  t.is(samples.flatMap(batch => batch.outputNs ?? []).length, 30);
  t.true(only(events, 'telemetry').length >= 2);
  const result = events.at(-1);
  t.is(result?.type, 'result');
  t.like(result, { endedBy: 'runs', governorRestored: true });
});

withLibrary('hello tells what the board has', async t => {
  await using agent = await talkToAgent(startAgent(t));
  const { hello } = agent;
  t.is(hello.protocol, 1);
  t.false(hello.simulated);
  t.deepEqual(
    hello.runtimes.map(runtime => runtime.name),
    ['tflite_runtime', 'edgetpu', 'tflite_c'],
  );
  t.like(hello.runtimes[2], { usable: true, version: '2.9.0' });
  t.true(Math.abs(hello.clockMs - Date.now()) < 60_000);
});

withLibrary('models take turns in several streams for a time', async t => {
  const first = await fileOf(t, makeRunnableModel(16));
  const second = await fileOf(t, makeRunnableModel(32));
  const models = [
    { path: first, name: 'a', edgetpu: false },
    { path: second, name: 'b', edgetpu: false },
  ];
  const spec = cpuRun('', { models, runs: null, durationMs: 200, streams: 2, interleave: true });
  const events = await eventsOf(t, spec);
  t.is(only(events, 'loaded').length, 4);
  const counts = new Map<string, number>();
  for (const batch of only(events, 'samples')) {
    const key = `${batch.model}${String(batch.stream)}`;
    counts.set(key, (counts.get(key) ?? 0) + batch.ns.length);
  }
  t.deepEqual([...counts.keys()].sort(), ['a0', 'a1', 'b0', 'b1']);
  t.is(counts.get('a0'), counts.get('b0'));
  t.is(counts.get('a1'), counts.get('b1'));
  const result = only(events, 'result')[0];
  t.is(result?.endedBy, 'duration');
  const batches = only(events, 'samples');
  const [start, end] = [
    Math.min(...batches.map(batch => batch.startedNs)),
    Math.max(...batches.map(batch => batch.endedNs)),
  ];
  t.true(end - start >= 150e6);
});

withLibrary('models of an Edge TPU run with a stand-in, and everything says simulated', async t => {
  const path = sharedModels && join(sharedModels, 'mobilenet_v1_0.25_128_quant_edgetpu.tflite');
  if (path === undefined) {
    t.log('skipped: the folder with real models is not there');
    t.pass();
    return;
  }
  await using agent = await talkToAgent(startAgent(t, { standIn: 'works' }));
  t.true(agent.hello.simulated);
  t.is(agent.hello.tpus[0]?.path, 'simulated');
  const events = await collect(agent.run(tpuRun(path, { runs: 10 })));
  t.is(only(events, 'loaded')[0]?.delegate, 'simulated');
  t.is(inferences(events), 10);
});

withLibrary('a cancelled run keeps what it has measured, and the agent goes on', async t => {
  await using agent = await talkToAgent(startAgent(t));
  const path = await fileOf(t, makeRunnableModel());
  const controller = new AbortController();
  let last: RunEvent | undefined;
  for await (const event of agent.run(cpuRun(path, { runs: null, durationMs: 3_600_000 }), controller)) {
    if (event.type === 'samples') controller.abort();
    last = event;
  }
  t.like(last, { type: 'result', endedBy: 'cancelled' });
  const again = await collect(agent.run(cpuRun(path)));
  t.like(again.at(-1), { endedBy: 'runs' });
  t.is(inferences(again), 20);
});

withLibrary('an abandoned run is cancelled, and the next one sees nothing of it', async t => {
  await using agent = await talkToAgent(startAgent(t));
  const path = await fileOf(t, makeRunnableModel());
  for await (const event of agent.run(cpuRun(path, { runs: null, durationMs: 3_600_000 }))) {
    if (event.type === 'loaded') break;
  }
  t.is(inferences(await collect(agent.run(cpuRun(path)))), 20);
});

withPython('a board without Edge TPU says so', async t => {
  const path = await fileOf(t, makeEdgeTpuModel());
  t.is((await failureOf(t, tpuRun(path))).code, 'NO_TPU');
});

withPython('a board without TensorFlow Lite says so, and what was tried', async t => {
  const path = await fileOf(t, makeRunnableModel());
  const error = await failureOf(t, cpuRun(path), { library: await fileOf(t, 'not a library') });
  t.is(error.code, 'NO_RUNTIME');
  t.regex(JSON.stringify(error.facts), /tflite_c/);
});

withPython('what is no model is told before anything is loaded', async t => {
  const path = await fileOf(t, 'this is text');
  t.is((await failureOf(t, cpuRun(path))).code, 'NOT_A_MODEL');
  t.is((await failureOf(t, cpuRun(`${path}.gone`))).code, 'MODEL_MISSING');
});

withLibrary('a damaged model is an error or runs, and never takes the agent along', async t => {
  await using agent = await talkToAgent(startAgent(t));
  const model = makeRunnableModel(64);
  for (const at of [8, 20, 40, 100, 400]) {
    const damaged = Uint8Array.from(model);
    damaged.fill(0xff, at, at + 8);
    const path = await fileOf(t, damaged);
    await collect(agent.run(cpuRun(path))).catch((error: unknown) => {
      t.true(error instanceof AgentError);
    });
  }
  const path = await fileOf(t, model);
  t.is(inferences(await collect(agent.run(cpuRun(path)))), 20);
});

withLibrary('an Edge TPU model on the CPU fails for its operator', async t => {
  const path = await fileOf(t, makeEdgeTpuModel());
  const error = await failureOf(t, cpuRun(path));
  t.is(error.code, 'UNRESOLVED_OP');
  t.is(error.facts['op'], 'edgetpu-custom-op');
});

for (const [standIn, code] of [
  ['stalls', 'PROBE_TIMEOUT'],
  ['crashes', 'PROBE_CRASHED'],
  ['is-too-old', 'RUNTIME_TOO_OLD'],
  ['does-not-fit', 'LIBRARY_MISMATCH'],
] as const) {
  withLibrary(`a library that ${standIn} is ${code} in time`, async t => {
    const path = await fileOf(t, makeRunnableModel());
    // Only the one that stalls for ever takes all of it.
    const error = await failureOf(t, tpuRun(path, { probeTimeoutMs: 5000 }), { standIn });
    t.is(error.code, code);
  });
}

withLibrary('what libraries print does not get between the messages', async t => {
  const path = await fileOf(t, makeRunnableModel());
  const events = await eventsOf(t, tpuRun(path), { standIn: 'chatters' });
  t.is(inferences(events), 20);
});

for (const [how, end] of [
  ['its input ends', (agent: LocalAgent) => agent.stdin.end()],
  [
    'it is told to hang up',
    (agent: LocalAgent): void => {
      agent.signal('SIGHUP');
    },
  ],
  [
    'it is terminated',
    (agent: LocalAgent): void => {
      agent.signal('SIGTERM');
    },
  ],
  [
    'it is killed',
    (agent: LocalAgent): void => {
      agent.signal('SIGKILL');
    },
  ],
  ['nobody reads it any more', (agent: LocalAgent) => agent.stdout.destroy()],
] as const) {
  withLibrary(`nothing is left running and the governor is back when ${how}`, async t => {
    const root = await tempDir(t);
    const governor = join(root, 'sys/devices/system/cpu/cpu0/cpufreq/scaling_governor');
    await mkdir(join(governor, '..'), { recursive: true });
    await writeFile(governor, 'ondemand\n');
    await writeFile(join(root, 'model.tflite'), makeRunnableModel());
    const channel = startAgent(t, { args: ['--root', root] });
    const agent = await talkToAgent(channel);
    const run = agent.run(cpuRun('/model.tflite', { runs: null, durationMs: 3_600_000, governor: 'performance' }));
    for (let event = await run.next(); event.value?.type !== 'samples';) event = await run.next();
    t.is((await readFile(governor, 'utf8')).trim(), 'performance');
    const children = await childrenOf(channel.pid);
    t.true(children.length > 0 || process.platform !== 'linux');
    end(channel);
    await channel.ended;
    await until(() => !children.some(isAlive));
    await until(async () => (await readFile(governor, 'utf8')).trim() === 'ondemand');
    t.pass();
  });
}

withLibrary('the governor is set for the run and set back after it', async t => {
  const root = await tempDir(t);
  const governor = join(root, 'sys/devices/system/cpu/cpu0/cpufreq/scaling_governor');
  await mkdir(join(governor, '..'), { recursive: true });
  await writeFile(governor, 'ondemand\n');
  await writeFile(join(root, 'model.tflite'), makeRunnableModel());
  const events = await eventsOf(t, cpuRun('/model.tflite', { governor: 'performance' }), { args: ['--root', root] });
  t.is(only(events, 'telemetry')[0]?.governor, 'performance');
  t.like(events.at(-1), { governorRestored: true });
  t.is(await readFile(governor, 'utf8'), 'ondemand\n');
});

withPython('a governor that cannot be set is an error, and the run does not start', async t => {
  const root = await tempDir(t);
  await writeFile(join(root, 'model.tflite'), makeRunnableModel());
  const spec = cpuRun('/model.tflite', { governor: 'performance' });
  t.is((await failureOf(t, spec, { args: ['--root', root] })).code, 'GOVERNOR');
});

withPython('an agent that ends without a word is told apart from a lost connection', async t => {
  const channel = startAgent(t, { args: ['--no-such-option'] });
  const error = await t.throwsAsync(talkToAgent(channel), { instanceOf: TransportError });
  t.regex(error.message, /status 2/);
  t.regex(JSON.stringify(error.facts), /unrecognized arguments/);
});

withPython('a full disk in place of a reader is told on stderr', async t => {
  if (!existsSync('/dev/full')) {
    t.log('skipped: there is no /dev/full');
    t.pass();
    return;
  }
  const words = ['-c', 'exec python3 -B "$0" < /dev/null > /dev/full', agentFile];
  const error = await t.throwsAsync(promisify(execFile)('sh', words));
  t.like(error, { code: 74 });
  t.regex(error.message, /mdt agent: .*No space left on device/);
});
