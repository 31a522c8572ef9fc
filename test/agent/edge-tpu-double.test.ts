import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentError } from '../../src/agent/agent-error.js';
import { talkToAgent, type RunEvent, type RunSpec } from '../../src/agent/client.js';
import { makeEdgeTpuModel } from '../fixtures/models.js';
import { tempDir } from '../fixtures/temp-dir.js';
import { doubleEnvironment, needingDouble, removeDouble, type DoubleSettings } from './edge-tpu-double.js';
import { cpuRun, startAgent } from './local-agent.js';

/*
 * The agent's way to an Edge TPU through libedgetpu, with a library in C that has its functions. Everything that comes
 * of it says that it was simulated.
 */
const withDouble = needingDouble(test);
const ONE = 'pci:/dev/apex_0';
const TWO = `${ONE},pci:/dev/apex_1`;

test.after.always(removeDouble);

async function modelFile(t: ExecutionContext): Promise<string> {
  const path = join(await tempDir(t), 'model_edgetpu.tflite');
  await writeFile(path, makeEdgeTpuModel());
  return path;
}

function tpuRun(path: string, changes: Partial<RunSpec> = {}): RunSpec {
  return cpuRun(path, { target: 'tpu', models: [{ path, name: 'model', edgetpu: true }], ...changes });
}

async function eventsOf(
  t: ExecutionContext,
  settings: DoubleSettings,
  changes: Partial<RunSpec> = {},
): Promise<RunEvent[]> {
  await using agent = await talkToAgent(startAgent(t, { env: doubleEnvironment(settings) }), {
    helloTimeoutMs: 60_000,
  });
  const events: RunEvent[] = [];
  for await (const event of agent.run(tpuRun(await modelFile(t), changes))) events.push(event);
  return events;
}

function loadedOf(events: readonly RunEvent[]): Extract<RunEvent, { type: 'loaded' }>[] {
  return events.filter(event => event.type === 'loaded');
}

withDouble('libedgetpu is asked for its version and its devices, and a double says simulated', async t => {
  const devices = `${TWO},usb:/sys/bus/usb/devices/2-1`;
  const root = await tempDir(t);
  await mkdir(join(root, 'sys/bus/usb/devices/2-1'), { recursive: true });
  await writeFile(join(root, 'sys/bus/usb/devices/2-1/speed'), '480\n');
  const channel = startAgent(t, { env: doubleEnvironment({ devices }), args: ['--root', root] });
  await using agent = await talkToAgent(channel, { helloTimeoutMs: 60_000 });
  t.true(agent.hello.simulated);
  t.deepEqual(
    agent.hello.libraries.map(({ name, version }) => [name, version]),
    [['libedgetpu', 'simulated by a test double, RuntimeVersion(14)']],
  );
  t.deepEqual<unknown, unknown>(agent.hello.tpus, [
    { index: 0, type: 'pci', path: '/dev/apex_0', usbMbps: null },
    { index: 1, type: 'pci', path: '/dev/apex_1', usbMbps: null },
    { index: 2, type: 'usb', path: '/sys/bus/usb/devices/2-1', usbMbps: 480 },
  ]);
});

withDouble('a model goes to the Edge TPU through the delegate', async t => {
  const events = await eventsOf(t, { devices: ONE });
  const [loaded] = loadedOf(events);
  t.like(loaded, { delegate: 'simulated', tpu: 0, runtime: 'tflite_c' });
  // Eight bytes of seven, which only the double writes.
  t.is(loaded?.outputSha256, '81dcbecf88d35d828096dfd9f9b24b252f90ea14529d6198734f562b5c56c705');
  t.is(events.at(-1)?.type, 'result');
});

withDouble('all Edge TPUs work at the same time, or the first of them', async t => {
  const settings = { devices: `${TWO},usb:/sys/bus/usb/devices/1-1`, inferenceUs: 2000 };
  const tpus = async (changes: Partial<RunSpec>): Promise<(number | null)[]> =>
    loadedOf(await eventsOf(t, settings, changes))
      .map(({ tpu }) => tpu)
      .sort();
  t.deepEqual(await tpus({ tpu: 'all' }), [0, 1, 2]);
  t.deepEqual(await tpus({ tpu: 'all', tpuCount: 2 }), [0, 1]);
  t.deepEqual(await tpus({ tpu: 2 }), [2]);
});

for (const [what, settings, changes, code, words] of [
  ['no Edge TPU', {}, {}, 'NO_TPU', /no Edge TPU/],
  ['no Edge TPU of this number', { devices: TWO }, { tpu: 2 }, 'NO_TPU', /with number 2/],
  ['an Edge TPU that another program has', { devices: ONE, behaviour: 'is-busy' }, {}, 'NO_TPU', /another program/],
  [
    'one that stalls',
    { devices: ONE, behaviour: 'stalls' },
    { probeTimeoutMs: 4000 },
    'PROBE_TIMEOUT',
    /within 4 s while it was loading/,
  ],
  ['a crash when it is opened', { devices: ONE, behaviour: 'crashes' }, {}, 'PROBE_CRASHED', /signal 11/],
  ['a crash in the middle', { devices: ONE, behaviour: 'crashes-later' }, {}, 'PROBE_CRASHED', /signal 11.*running/],
  [
    'a runtime that is too old',
    { devices: ONE, behaviour: 'is-too-old' },
    {},
    'RUNTIME_TOO_OLD',
    /runtime 15.* has 14/,
  ],
  ['libraries that do not fit', { devices: ONE, behaviour: 'does-not-fit' }, {}, 'LIBRARY_MISMATCH', /fit together/],
] as const) {
  withDouble(`${what} is ${code} in time, with a hint`, async t => {
    const run = eventsOf(t, settings, { warmup: 0, ...changes });
    const error = await t.throwsAsync(run, { instanceOf: AgentError });
    t.is(error.code, code);
    t.regex(error.message, words);
    t.truthy(error.hint);
  });
}
