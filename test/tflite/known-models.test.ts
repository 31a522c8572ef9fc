import { join } from 'node:path';
import test from 'ava';
import { readModelFile } from '../../src/tflite/model-file.js';
import type { OperatorCount, TensorInfo, TfliteModel } from '../../src/tflite/model.js';
import { warningsOf } from '../../src/tflite/warnings.js';
import { sharedModels } from '../fixtures/shared-models.js';

// What the files themselves say, read from them by another program than this one (a few lines of Python's struct module).

const real = sharedModels === undefined ? test.skip : test;
const read = async (name: string): Promise<TfliteModel> =>
  await readModelFile(join(sharedModels ?? '', `${name}.tflite`));

const tensor = (name: string, shape: number[], scale: number, zeroPoint: number): TensorInfo => ({
  name,
  shape,
  type: 'uint8',
  quantization: { scale, zeroPoint },
});
const builtin = (name: string, count: number, version = 1): OperatorCount => ({ name, custom: false, version, count });
const EDGETPU = { name: 'edgetpu-custom-op', custom: true, version: 1, count: 1 };

const MOBILENET_OUTPUT = tensor('MobilenetV1/Predictions/Reshape_1', [1, 1001], 0.00390625, 0);
const LSTM_ENDS = {
  inputs: [tensor('serving_default_x:0', [1, 28, 28], 0.003921568859368563, 0)],
  outputs: [tensor('StatefulPartitionedCall:0', [1, 10], 0.00390625, 0)],
};
const SPLIT_ENDS = {
  inputs: [
    tensor('input1', [1, 8, 8, 3], 0.0078125, 128),
    tensor('inputs/rnn1', [1, 8, 8, 1], 0.0078125, 128),
    tensor('inputs/rnn2', [1, 8, 8, 2], 0.0078125, 128),
  ],
  outputs: [
    tensor('concat/split0', [1, 8, 8, 1], 0.0078125, 128),
    tensor('concat/split2', [1, 8, 8, 1], 0.0078125, 128),
    tensor('concat/split4', [1, 8, 8, 1], 0.0078125, 128),
    tensor('outputs/rnn1', [1, 8, 8, 1], 0.0078125, 128),
    tensor('outputs/rnn2', [1, 8, 8, 2], 0.0078125, 128),
  ],
};
const COCOMPILED_TOKEN = '16340017111409818219';

real('mobilenet_v1_0.25_128_quant: a quantized model for the CPU', async t => {
  t.deepEqual(await read('mobilenet_v1_0.25_128_quant'), {
    sizeBytes: 525_598,
    schemaVersion: 3,
    description: 'MLIR Converted.',
    inputs: [tensor('input', [1, 128, 128, 3], 0.0078125, 128)],
    outputs: [MOBILENET_OUTPUT],
    operators: [
      builtin('CONV_2D', 15),
      builtin('DEPTHWISE_CONV_2D', 13),
      builtin('AVERAGE_POOL_2D', 1),
      builtin('RESHAPE', 1),
      builtin('SOFTMAX', 1),
    ],
    graphCount: 1,
    quantization: 'full',
    metadata: [
      { name: 'min_runtime_version', sizeBytes: 16, text: '1.5.0' },
      { name: 'TFLITE_METADATA', sizeBytes: 696, text: undefined },
    ],
    edgeTpu: undefined,
  });
});

real('keras_lstm_mnist_ptq: quantized after training, with an LSTM', async t => {
  t.like(await read('keras_lstm_mnist_ptq'), {
    ...LSTM_ENDS,
    sizeBytes: 13_928,
    description: 'MLIR Converted.',
    operators: [
      builtin('QUANTIZE', 2),
      builtin('UNIDIRECTIONAL_SEQUENCE_LSTM', 1),
      builtin('RESHAPE', 1),
      builtin('FULLY_CONNECTED', 1, 4),
      builtin('SOFTMAX', 1, 2),
    ],
    metadata: [{ name: 'min_runtime_version', sizeBytes: 16, text: '1.14.0' }],
    edgeTpu: undefined,
  });
});

real('split_concat: several inputs and outputs', async t => {
  t.like(await read('split_concat'), {
    ...SPLIT_ENDS,
    sizeBytes: 1872,
    description: undefined,
    operators: [builtin('CONCATENATION', 2), builtin('SPLIT', 1)],
    quantization: 'full',
    metadata: [],
    edgeTpu: undefined,
  });
});

real('model_invoking_error: a custom operator that no runtime has, and no buffers at all', async t => {
  t.like(await read('model_invoking_error'), {
    sizeBytes: 488,
    description: 'programmatic model',
    inputs: [{ name: '', shape: [1, 3], type: 'uint8', quantization: undefined }],
    outputs: [{ name: '', shape: [], type: 'float32', quantization: undefined }],
    operators: [{ name: 'fake-op-double', custom: true, version: 1, count: 1 }],
    quantization: 'none',
    edgeTpu: undefined,
  });
});

const compiled = [
  {
    name: 'mobilenet_v1_0.25_128_quant_edgetpu',
    ends: { inputs: [tensor('input', [1, 128, 128, 3], 0.0078125, 128)], outputs: [MOBILENET_OUTPUT] },
    sizeBytes: 801_454,
    // 553.6 KiB, as the compiler's own log has it.
    edgeTpu: { onChipBytes: 566_912, streamedBytes: 0, scratchBytes: 0, cachingTokens: ['7860026270054507660'] },
    instructionBytes: [170_032, 12_624],
  },
  {
    name: 'mobilenet_v1_0.25_128_quant_cocompiled_with_mobilenet_v1_0.5_160_quant_edgetpu',
    ends: { inputs: [tensor('input', [1, 128, 128, 3], 0.0078125, 128)], outputs: [MOBILENET_OUTPUT] },
    sizeBytes: 801_454,
    edgeTpu: { onChipBytes: 566_912, streamedBytes: 0, scratchBytes: 0, cachingTokens: [COCOMPILED_TOKEN] },
    instructionBytes: [170_032, 12_624],
  },
  {
    name: 'mobilenet_v1_0.5_160_quant_cocompiled_with_mobilenet_v1_0.25_128_quant_edgetpu',
    ends: { inputs: [tensor('input', [1, 160, 160, 3], 0.0078125, 128)], outputs: [MOBILENET_OUTPUT] },
    sizeBytes: 1_743_534,
    edgeTpu: { onChipBytes: 1_473_280, streamedBytes: 0, scratchBytes: 0, cachingTokens: [COCOMPILED_TOKEN] },
    instructionBytes: [205_936, 12_624],
  },
  {
    name: 'keras_lstm_mnist_ptq_edgetpu',
    ends: LSTM_ENDS,
    sizeBytes: 140_096,
    edgeTpu: { onChipBytes: 43_968, streamedBytes: 576, scratchBytes: 672, cachingTokens: ['7830959935386762675'] },
    instructionBytes: [60_864, 3152],
  },
  {
    name: 'split_concat_edgetpu',
    ends: SPLIT_ENDS,
    sizeBytes: 58_504,
    edgeTpu: {
      minRuntimeVersion: 13,
      compilerVersion: 'cl/343520747',
      onChipBytes: 192,
      streamedBytes: 0,
      scratchBytes: 0,
      cachingTokens: ['1107233529072990225'],
    },
    instructionBytes: [23_648, 1232],
  },
];
for (const { name, ends, sizeBytes, edgeTpu, instructionBytes } of compiled) {
  real(`${name}: compiled for the Edge TPU`, async t => {
    const model = await read(name);
    t.like(model, { ...ends, sizeBytes, description: 'Exported from Subgraph.', operators: [EDGETPU] });
    t.like(model.edgeTpu, {
      minRuntimeVersion: 12,
      compilerVersion: undefined,
      chip: 'beagle',
      cpuOperators: [],
      ...edgeTpu,
    });
    t.deepEqual(
      model.edgeTpu?.packages.flatMap(({ executables }) => executables.map(each => [each.type, each.instructionBytes])),
      [
        ['execution-only', instructionBytes[0]],
        ['parameter-caching', instructionBytes[1]],
      ],
    );
  });
}

real('the two co-compiled models share the cache, and the one compiled alone evicts them', async t => {
  const [alone = '', first = '', second = ''] = compiled.map(({ name }) => name);
  const models = await Promise.all([alone, first, second].map(async file => ({ file, model: await read(file) })));
  t.deepEqual(warningsOf(models), [
    { kind: 'cache-eviction', groups: [[alone], [first, second]] },
    { kind: 'co-compiled', files: [first, second] },
  ]);
});
