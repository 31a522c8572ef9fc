import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { FAKE_COMPILER_RUNS, fakeCompiler } from '../fakes/edgetpu-compiler.js';
import { makeModel } from '../fixtures/models.js';
import { tempDir } from '../fixtures/temp-dir.js';

const standIn = FAKE_COMPILER_RUNS ? test : test.skip;

standIn('a compiled model is shown with what was mapped, what was not and why', async t => {
  const configDir = await tempDir(t);
  const file = join(configDir, 'm.tflite');
  await writeFile(file, makeModel());
  const io = { configDir, env: { PATH: await fakeCompiler(t, 'compiles') } };
  const { code, out, err } = await mdt({ ...io, terminal: true }, 'model', 'compile', '-o', configDir, file);
  t.is(code, 0);
  t.true(out.startsWith(`${join(configDir, 'm_edgetpu.tflite')}\n  size `));
  t.regex(out, /\n {2}on-chip {8}4\.1 KiB\n/);
  t.regex(out, /\n {2}on-chip left {3}7\.5 MiB\n {2}mapped {9}CONV_2D 2\n/);
  t.regex(out, /\n {2}not mapped {5}QUANTIZE 1: Operation is working on an unsupported data type\n/);
  t.regex(err, /^warning: Some operators of .*m_edgetpu\.tflite run on the CPU: QUANTIZE 1\.\n$/);
  const json = await mdt(io, 'model', 'compile', '--json', '-o', configDir, file);
  t.like(JSON.parse(json.out), {
    compilerVersion: '16.0.stand-in',
    models: [{ file: join(configDir, 'm_edgetpu.tflite'), log: { inputFile: file, streamedBytes: 0 } }],
    warnings: [{ kind: 'cpu-operators' }],
  });
});

test('without a compiler it is an error with a hint', async t => {
  const configDir = await tempDir(t);
  const file = join(configDir, 'm.tflite');
  await writeFile(file, makeModel());
  const { code, out, err } = await mdt({ configDir, env: { PATH: configDir } }, 'model', 'compile', file);
  t.is(code, 5);
  t.is(out, '');
  t.regex(err, /^error: edgetpu_compiler is not installed on this host\.\nhint: .+\n$/);
});
