import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { doubleEnvironment, needingDouble, removeDouble, type DoubleSettings } from '../agent/edge-tpu-double.js';
import { mdt } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { makeEdgeTpuModel } from '../fixtures/models.js';
import { checkedReport } from '../fixtures/schemas.js';
import { tempDir } from '../fixtures/temp-dir.js';

/*
 * mdt bench on a virtual board that has a test double of libedgetpu: the whole way of an Edge TPU model, and `simulated`
 * in everything that comes of it.
 */
const withDouble = needingDouble(test);
const BOARD = ['-d', 'swift-otter'];
const TWO = 'pci:/dev/apex_0,pci:/dev/apex_1';

test.after.always(removeDouble);

/** The virtual board's python3 inherits the environment of this test. */
function useDouble(t: ExecutionContext, settings: DoubleSettings): void {
  const environment = doubleEnvironment(settings);
  Object.assign(process.env, environment);
  t.teardown(() => {
    for (const name of Object.keys(environment)) Reflect.deleteProperty(process.env, name);
  });
}

/** A model with the name of one that Google published times of. */
async function modelFile(t: ExecutionContext): Promise<string> {
  const file = join(await tempDir(t), 'mobilenet_v2_1.0_224_quant_edgetpu.tflite');
  await writeFile(file, makeEdgeTpuModel());
  return file;
}

withDouble(
  'everything that comes of a simulated Edge TPU says so, and nothing is compared with a real one',
  async t => {
    useDouble(t, { devices: TWO, inferenceUs: 500 });
    const { configDir } = await boardOnDesk(t);
    const folder = await tempDir(t);
    const files = ['json', 'csv', 'html'].map(kind => join(folder, `report.${kind}`));
    const outputs = files.flatMap((file, index) => [['--json', '--csv', '--html'][index] ?? '', file]);
    const words = ['bench', ...BOARD, '--runs', '40', await modelFile(t), ...outputs];
    const { code, out, err } = await mdt({ configDir }, ...words);
    t.is(code, 0, err);
    t.regex(out, /^simulated: a stand-in played the Edge TPU/);
    t.notRegex(out, /Google/);
    const [json = '', csv = '', html = ''] = await Promise.all(files.map(file => readFile(file, 'utf8')));
    const report = checkedReport(t, json);
    t.true(report.simulated);
    t.like(report.models[0], { delegate: 'simulated', comparison: null, inferences: 40 });
    t.regex(csv, /,simulated,/);
    t.true(html.indexOf('simulated: a stand-in') > 0);
    t.true(html.indexOf('simulated: a stand-in') < html.indexOf('<table'));
  },
);

withDouble('--tpu, --streams, --threads and --interleave reach the agent', async t => {
  useDouble(t, { devices: TWO, inferenceUs: 500 });
  const { configDir, board } = await boardOnDesk(t);
  const [first, second] = [await modelFile(t), join(await tempDir(t), 'second_edgetpu.tflite')];
  await writeFile(second, makeEdgeTpuModel({ streamedBytes: 64 }));
  const refused = await mdt({ configDir }, 'bench', ...BOARD, '--tpu', '2', first);
  t.is(refused.code, 3, refused.err);
  t.regex(refused.err, /no Edge TPU with number 2, counted from 0: it has 2\.\nhint: /);
  await t.throwsAsync(readdir(join(board.rootDir, 'home/mendel/.mdt/models')), { code: 'ENOENT' });
  const words = ['--tpu', '1', '--streams', '2', '--threads', '3', '--interleave', '--duration', '200ms'];
  const { code, out, err } = await mdt({ configDir }, 'bench', ...BOARD, ...words, '--json', '-', first, second);
  t.is(code, 0, err);
  const { conditions, models } = checkedReport(t, out);
  t.like(conditions, { tpu: '1', streams: 2, threads: 3, interleaved: true });
  // Models in turn have each been run as often as the other.
  t.is(models.length, 2);
  t.true((models[0]?.inferences ?? 0) > 0);
  t.is(models[0]?.inferences, models[1]?.inferences);
  const twice = ['--cpu', '--streams', '2', '--runs', '3'];
  t.is((await mdt({ configDir }, 'bench', ...BOARD, ...twice, first)).code, 2);
  const both = await mdt({ configDir }, 'bench', ...BOARD, ...twice.slice(1), '--json', '-', first);
  t.is(checkedReport(t, both.out).models[0]?.inferences, 6, both.err);
});

withDouble('--tpu all measures all Edge TPUs at once, and how throughput grows with their number', async t => {
  useDouble(t, { devices: TWO, inferenceUs: 20_000 });
  const { configDir } = await boardOnDesk(t);
  const csv = join(await tempDir(t), 'scaling.csv');
  const words = ['bench', ...BOARD, '--tpu', 'all', '--runs', '60', await modelFile(t), '--json', '-', '--csv', csv];
  const { code, out, err } = await mdt({ configDir }, ...words);
  t.is(code, 0, err);
  const { scaling, models } = checkedReport(t, out);
  t.is(models[0]?.inferences, 120);
  t.deepEqual(
    scaling.map(({ tpus }) => tpus),
    [1, 2],
  );
  t.is(scaling[0]?.speedUp, 1);
  const ends = (await readFile(csv, 'utf8')).split('\r\n').map(line => line.split(',').slice(-2));
  t.deepEqual(ends.slice(0, 2), [
    ['edge_tpus', 'speed_up'],
    ['1', '1'],
  ]);
  t.deepEqual(ends[2], ['2', String(scaling[1]?.speedUp)]);
  // Two that wait at the same time are faster than one; by how much is up to how busy this machine is.
  t.true((scaling[1]?.speedUp ?? 0) > 1.2, JSON.stringify(scaling));
});

withDouble('a board without an Edge TPU offers the CPU, and gets no model', async t => {
  useDouble(t, {});
  const { configDir, board } = await boardOnDesk(t);
  const { code, err } = await mdt({ configDir }, 'bench', ...BOARD, await modelFile(t));
  t.is(code, 3, err);
  t.regex(err, /no Edge TPU[\s\S]*hint: .*--cpu/);
  await t.throwsAsync(readdir(join(board.rootDir, 'home/mendel/.mdt/models')), { code: 'ENOENT' });
});

withDouble('a board whose Edge TPU has no library is told which to install, and gets no model', async t => {
  process.env['MDT_LIBEDGETPU'] = '/no/such/libedgetpu.so.1';
  t.teardown(() => Reflect.deleteProperty(process.env, 'MDT_LIBEDGETPU'));
  const { configDir, board } = await boardOnDesk(t);
  const { code, err } = await mdt({ configDir }, 'bench', ...BOARD, await modelFile(t));
  t.is(code, 7, err);
  t.regex(err, /library of this board cannot be loaded[\s\S]*hint: .*libedgetpu1-std.*--cpu/);
  await t.throwsAsync(readdir(join(board.rootDir, 'home/mendel/.mdt/models')), { code: 'ENOENT' });
});

withDouble('the suite prints the published table beside simulated times, which are called so', async t => {
  useDouble(t, { devices: TWO });
  const { configDir } = await boardOnDesk(t);
  const folder = join(await modelFile(t), '..');
  const { code, out, err } = await mdt({ configDir }, 'bench', ...BOARD, '--suite', 'coral', '--runs', '5', folder);
  t.is(code, 0, err);
  t.regex(out, /MODEL\tSIMULATED\tDEV BOARD/);
  t.regex(out, /mobilenet_v2_1\.0_224_quant_edgetpu\.tflite\t[\d.]+\t2\.56/);
});

withDouble('--suite transfer tells how long training takes, and what the board lacks for it', async t => {
  useDouble(t, { devices: TWO });
  const { configDir } = await boardOnDesk(t);
  const csv = join(await tempDir(t), 'training.csv');
  const words = ['bench', ...BOARD, '--suite', 'transfer', '--runs', '2', '--json', '-', '--csv', csv];
  const { code, out, err } = await mdt({ configDir }, ...words);
  t.is(code, 0, err);
  const { training, models, simulated } = checkedReport(t, out);
  t.true(simulated);
  t.deepEqual(models, []);
  t.deepEqual(
    training.map(({ kind, classes, size }) => [kind, classes, size]),
    [
      ...[4, 16].map(classes => ['softmax', classes, 256]),
      ...[4, 16].map(classes => ['softmax', classes, 1024]),
    ].concat([['imprinting', 10, 20]]),
  );
  for (const { ms, reason } of training) t.true(ms === null ? reason !== null : ms > 0);
  t.regex(training.at(-1)?.reason ?? '', /give a folder with mobilenet_v1_1\.0_224_l2norm_quant_edgetpu\.tflite/);
  t.is((await readFile(csv, 'utf8')).trim().split('\r\n').length, 6);
  const shown = await mdt({ configDir }, ...words.slice(0, 7));
  t.regex(shown.out, /^simulated: [\s\S]*TRAINING\tSTEPS\tMS/);
  const idle = await mdt({ configDir }, ...words.slice(0, 7), '--streams', '2');
  t.is(idle.code, 2);
  t.regex(idle.err, /--streams means nothing to --suite transfer\.\nhint: /);
  const nowhere = await mdt({ configDir }, ...words.slice(0, 7), await tempDir(t));
  t.is(nowhere.code, 5);
  t.regex(nowhere.err, /imprinting is not in[\s\S]*hint: /);
});
