import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { mdt } from '../fakes/cli-io.js';
import { makeEdgeTpuModel, makeModel } from '../fixtures/models.js';
import { tempDir } from '../fixtures/temp-dir.js';

async function fileOf(t: ExecutionContext, name: string, content: Uint8Array | string): Promise<string> {
  const file = join(await tempDir(t), name);
  await writeFile(file, content);
  return file;
}

test('on a terminal a model is a table', async t => {
  const file = await fileOf(t, 'm_edgetpu.tflite', makeEdgeTpuModel({ onChipBytes: 566_912 }));
  const { code, out, err } = await mdt({ configDir: await tempDir(t), terminal: true }, 'model', 'info', file);
  t.is(err, '');
  t.is(code, 0);
  const [heading, ...lines] = out.trimEnd().split('\n');
  t.is(heading, file);
  t.deepEqual(lines.slice(1), [
    '  description    Exported from Subgraph.',
    '  compiled for   Edge TPU (beagle)',
    '  compiler       cl/343520747',
    '  min runtime    13',
    '  on-chip        553.6 KiB',
    '  streamed       0 B',
    '  scratch        0 B',
    '  caching token  7',
    '  on the CPU     none',
    '  input          in uint8 [1, 8] = 0.5 * (q - 128)',
    '  output         out uint8 [1, 8] = 0.5 * (q - 128)',
    '  operators      edgetpu-custom-op 1',
    '  quantization   full',
  ]);
});

test('piped, each property is a line with the file, and memory is in bytes', async t => {
  const file = await fileOf(t, 'm.tflite', makeModel({ metadata: { min_runtime_version: '1.5.0' } }));
  const { code, out, err } = await mdt({ configDir: await tempDir(t) }, 'model', 'info', file);
  t.is(code, 0);
  t.true(out.split('\n').every(line => line === '' || /^[^\t]+\t[^\t]+\t[^\t]+$/.test(line)));
  t.true(out.includes(`${file}\tcompiled for\tCPU\n`));
  t.true(out.includes(`${file}\toperators\tADD 1\n`));
  t.true(out.includes(`${file}\tmetadata\tmin_runtime_version 1.5.0\n`));
  t.regex(err, /^warning: .*m\.tflite is not compiled for the Edge TPU and will run on the CPU\.\nhint: /);
});

test('--json has every field, and the warnings as data', async t => {
  const made = makeEdgeTpuModel({ compilerVersion: 'cl/', streamedBytes: 5, minRuntimeVersion: 14 });
  const file = await fileOf(t, 'm.tflite', made);
  const words = ['model', 'info', '--json', '--runtime', '13', file];
  const { code, out, err } = await mdt({ configDir: await tempDir(t) }, ...words);
  t.is(code, 0);
  t.is(err, '');
  const ends = (name: string): object[] => [
    { name, shape: [1, 8], type: 'uint8', quantization: { scale: 0.5, zeroPoint: 128 } },
  ];
  const executable = { chip: 'beagle', cachingToken: '7' };
  const memory = { minRuntimeVersion: 14, compilerVersion: null, onChipBytes: 64, streamedBytes: 5 };
  t.deepEqual(JSON.parse(out), {
    models: [
      {
        file,
        sizeBytes: made.length,
        schemaVersion: 3,
        description: 'Exported from Subgraph.',
        inputs: ends('in'),
        outputs: ends('out'),
        operators: [{ name: 'edgetpu-custom-op', custom: true, version: 1, count: 1 }],
        graphCount: 1,
        quantization: 'full',
        metadata: [],
        edgeTpu: {
          packages: [
            {
              ...memory,
              executables: [
                { ...executable, type: 'execution-only', parameterBytes: 5, instructionBytes: 48, scratchBytes: 0 },
                { ...executable, type: 'parameter-caching', parameterBytes: 64, instructionBytes: 16, scratchBytes: 0 },
              ],
            },
          ],
          ...memory,
          chip: 'beagle',
          scratchBytes: 0,
          cachingTokens: ['7'],
          cpuOperators: [],
        },
      },
    ],
    warnings: [
      { kind: 'streamed-parameters', file, streamedBytes: 5, onChipBytes: 64 },
      { kind: 'newer-runtime', file, needed: 14, available: 13 },
    ],
  });
});

test('every warning has words of its own', async t => {
  const float = { type: 0, shape: [4], name: 'x' };
  const weights = { type: 9, shape: [4], scales: [1] };
  const files = [
    await fileOf(t, 'float.tflite', makeModel({ tensors: [float, weights, float, float] })),
    await fileOf(t, 'a.tflite', makeEdgeTpuModel({ token: 1n, cpuOperators: [{ code: 25 }], streamedBytes: 3 })),
    await fileOf(t, 'b.tflite', makeEdgeTpuModel({ token: 2n })),
    await fileOf(t, 'c.tflite', makeEdgeTpuModel({ token: 2n })),
  ];
  const { err } = await mdt({ configDir: await tempDir(t) }, 'model', 'info', '--runtime', '12', ...files);
  for (const words of [
    /float\.tflite is not compiled for the Edge TPU/,
    /float\.tflite is not fully quantized to 8 bits/,
    /float\.tflite takes floating-point input, .*: x\.\n/,
    /Some operators of .*a\.tflite run on the CPU: SOFTMAX 1\.\n/,
    /a\.tflite sends 3 B of parameters to the Edge TPU at every inference; 64 B stay there\.\n/,
    /b\.tflite needs Edge TPU runtime 13, and there is 12\.\n/,
    /evict each other's parameters: [^;]*a\.tflite; [^;]*b\.tflite, [^;]*c\.tflite\.\n/,
    /^These were compiled together .*b\.tflite, .*c\.tflite\.$/m,
  ]) {
    t.regex(err, words);
  }
});

test('what cannot be read is reported, each file by itself, and the rest is shown', async t => {
  const configDir = await tempDir(t);
  const good = await fileOf(t, 'good.tflite', makeEdgeTpuModel());
  const folder = join(configDir, 'folder');
  await mkdir(folder);
  const text = await fileOf(t, 'labels.txt', 'cat\ndog\n');
  const cut = await fileOf(t, 'cut.tflite', makeModel().subarray(0, 200));
  const { code, out, err } = await mdt({ configDir }, 'model', 'info', join(folder, 'none'), folder, text, good, cut);
  t.is(code, 5);
  t.true(out.startsWith(`${good}\tsize\t`));
  t.regex(err, /error: There is no file .*none\.\nhint: /);
  t.regex(err, /error: .*folder is a folder\.\nhint: /);
  t.regex(err, /error: .*labels\.txt is not a model that mdt can read: it does not carry the mark TFL3/);
  t.regex(err, /error: .*cut\.tflite is not a model that mdt can read: .* lies outside of it \(byte \d+\)\.\nhint: /);
});

test('a name that would colour the terminal is made safe', async t => {
  const tensor = { name: '\u001b[31mred', type: 3, shape: [1], scales: [1] };
  const file = await fileOf(t, 'm.tflite', makeModel({ tensors: [tensor], outputs: [0], description: '\u009b2J' }));
  const { out } = await mdt({ configDir: await tempDir(t), terminal: true }, 'model', 'info', file);
  t.false(out.includes('\u001b') || out.includes('\u009b'));
});
