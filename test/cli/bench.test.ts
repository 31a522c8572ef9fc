import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { boardOnDesk } from '../fixtures/board-on-desk.js';
import { makeEdgeTpuModel, makeModel } from '../fixtures/models.js';
import { realInference } from '../fixtures/real-inference.js';
import { checkedReport } from '../fixtures/schemas.js';
import { tempDir } from '../fixtures/temp-dir.js';

const BOARD = ['-d', 'swift-otter'];
const real = realInference === undefined ? test.skip : test;

real('a model is measured on the CPU for real, and every output says that the board is virtual', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const folder = await tempDir(t);
  const [json, csv] = [join(folder, 'now.json'), join(folder, 'now.csv')];
  const model = realInference ?? '';
  const words = ['bench', ...BOARD, '--cpu', '--runs', '20', model];
  const { code, out, err } = await mdt({ configDir }, ...words, '--json', json, '--csv', csv);
  t.is(code, 0, err);
  t.regex(out, /^simulated: a virtual board/);
  const report = checkedReport(t, await readFile(json, 'utf8'));
  t.like(report, { simulated: true, endedBy: 'runs', conditions: { target: 'cpu', streams: 1 } });
  const [measured] = report.models;
  t.like(measured, { inferences: 20, delegate: 'cpu', edgetpu: false, comparison: null });
  if (measured === undefined) return;
  const { minMs, p50Ms, p90Ms, p99Ms, maxMs } = measured;
  t.deepEqual(
    [minMs, p50Ms, p90Ms, p99Ms, maxMs],
    [minMs, p50Ms, p90Ms, p99Ms, maxMs].toSorted((a, b) => a - b),
  );
  t.is(
    measured.distribution.reduce((sum, { count }) => sum + count, 0),
    20,
  );
  t.regex(await readFile(csv, 'utf8'), /^board,.*\r\nswift-otter,[^\r\n]*,true,[^\r\n]*\r\n$/);
  const agents = await readdir(join(board.rootDir, 'home/mendel/.mdt/agent'));
  t.is(agents.length, 1);
  const again = await mdt({ configDir }, ...words, '--compare', json, '--json', '-');
  t.is(again.code, 0, again.err);
  t.is(checkedReport(t, again.out).models[0]?.comparison?.with, `${json} (simulated)`);
});

real('a board without an Edge TPU says so, and offers the CPU', async t => {
  const { configDir, board } = await boardOnDesk(t);
  for (const place of ['sys/class/apex', 'dev/apex_0']) {
    await rm(join(board.rootDir, place), { recursive: true, force: true });
  }
  const file = join(await tempDir(t), 'm_edgetpu.tflite');
  await writeFile(file, makeEdgeTpuModel());
  const { code, err } = await mdt({ configDir }, 'bench', ...BOARD, file);
  t.is(code, 3, err);
  t.regex(err, /Edge TPU[\s\S]*hint: .*--cpu/);
});

test('a model that cannot run where it is to be measured is refused, with what to do', async t => {
  const { configDir } = await boardOnDesk(t);
  const folder = await tempDir(t);
  const [plain, compiled] = [join(folder, 'a.tflite'), join(folder, 'a_edgetpu.tflite')];
  await writeFile(plain, makeModel());
  await writeFile(compiled, makeEdgeTpuModel());
  const onTpu = await mdt({ configDir }, 'bench', ...BOARD, plain);
  t.is(onTpu.code, 2);
  t.regex(onTpu.err, /is not compiled for the Edge TPU\.\nhint: .*--cpu/);
  t.is((await mdt({ configDir }, 'bench', ...BOARD, '--cpu', compiled)).code, 2);
});

test('what is no model, no result and no number is refused before anything is sent', async t => {
  const { configDir, board } = await boardOnDesk(t);
  const file = join(await tempDir(t), 'a.tflite');
  await writeFile(file, 'no model');
  t.is((await mdt({ configDir }, 'bench', ...BOARD, file)).code, 5);
  const compared = await mdt({ configDir }, 'bench', ...BOARD, '--compare', file, file);
  t.is(compared.code, 5);
  t.regex(compared.err, /is no result of mdt bench/);
  t.is((await mdt({ configDir }, 'bench', ...BOARD, '--runs', '0', file)).code, 2);
  t.is((await mdt({ configDir }, 'bench', ...BOARD, '--runs', '5', '--duration', '5', file)).code, 2);
  t.is((await mdt({ configDir }, 'bench', ...BOARD, '--duration', '86401', file)).code, 2);
  t.is((await mdt({ configDir }, 'bench', ...BOARD, '--json', '-', '--csv', '-', file)).code, 2);
  t.is((await mdt({ configDir }, 'bench', ...BOARD)).code, 2);
  t.deepEqual(
    (await readdir(join(board.rootDir, 'home/mendel'))).filter(name => name === '.mdt'),
    [],
  );
});

test('--agent-only puts the agent on the board and prints the command that runs it', async t => {
  const { configDir } = await boardOnDesk(t);
  const { out } = await mdt({ configDir }, 'bench', ...BOARD, '--agent-only');
  t.regex(out, /^python3 -B -u '?\/home\/mendel\/\.mdt\/agent\/[0-9a-f]{64}\.py'?\n$/);
});
