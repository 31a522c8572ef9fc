import test from 'ava';
import { field, writeFlatBuffer } from '../fixtures/flatbuffer-writer.js';
import { makeEdgeTpuModel, makeModel } from '../fixtures/models.js';
import { readModel } from '../../src/tflite/read-model.js';

test('inputs and outputs have a name, a shape, a type and a quantization', t => {
  const { inputs, outputs } = readModel(
    makeModel({
      tensors: [
        { name: 'image', shape: [1, 128, 128, 3], type: 3, scales: [0.0078125], zeroPoints: [128n] },
        { name: 'scores', shape: [1, 10], type: 9, scales: [0.25], zeroPoints: [-128n] },
        { shape: [], type: 0 },
      ],
      outputs: [1, 2],
    }),
  );
  t.deepEqual(inputs, [
    { name: 'image', shape: [1, 128, 128, 3], type: 'uint8', quantization: { scale: 0.0078125, zeroPoint: 128 } },
  ]);
  t.deepEqual(outputs, [
    { name: 'scores', shape: [1, 10], type: 'int8', quantization: { scale: 0.25, zeroPoint: -128 } },
    { name: '', shape: [], type: 'float32', quantization: undefined },
  ]);
});

test('a dimension that may vary reads as -1', t => {
  const tensors = [{ shape: [1, 1, 3], shapeSignature: [-1, 1, 3], type: 3 }];
  t.deepEqual(readModel(makeModel({ tensors, outputs: [0] })).inputs[0]?.shape, [-1, 1, 3]);
});

test('operators are counted by name and version, most frequent first', t => {
  const convolution = { code: 3, version: 2 };
  const { operators } = readModel(makeModel({ operators: [{ code: 25 }, convolution] }));
  t.deepEqual(operators, [
    { name: 'SOFTMAX', custom: false, version: 1, count: 1 },
    { name: 'CONV_2D', custom: false, version: 2, count: 1 },
  ]);
});

test('operators beyond 127 are named, and those that are not known yet numbered', t => {
  const { operators } = readModel(makeModel({ operators: [{ code: 150 }, { code: 209 }, { code: 5000 }] }));
  t.deepEqual(
    operators.map(({ name }) => name),
    ['GELU', 'STABLEHLO_CASE', 'BUILTIN_5000'],
  );
});

test('a custom operator goes by its own name, made safe to print', t => {
  const { operators, edgeTpu } = readModel(makeModel({ operators: [{ code: 32, customName: 'TFLite_\u001b[31mX' }] }));
  t.deepEqual(operators, [{ name: 'TFLite_[31mX', custom: true, version: 1, count: 1 }]);
  t.is(edgeTpu, undefined);
});

test('quantization is full, partial or none by the tensors inside', t => {
  const quantized = { type: 9, shape: [4], scales: [0.1], zeroPoints: [0n] };
  const float = { type: 0, shape: [4] };
  const of = (tensors: object[]): string => readModel(makeModel({ tensors })).quantization;
  t.is(of([float, quantized, quantized, float]), 'full', 'floats at the ends are converted once');
  t.is(of([float, quantized, float, float]), 'partial', 'weights are quantized, what is between is not');
  t.is(of([float, float, float]), 'none');
  t.is(of([{ type: 3, shape: [4] }, float]), 'none', 'bytes without a scale are not quantized numbers');
});

test('metadata is listed, and the oldest TensorFlow Lite version read', t => {
  const { metadata } = readModel(makeModel({ metadata: { min_runtime_version: '1.14.0\0\0', OTHER: 'M001' } }));
  t.deepEqual(metadata, [
    { name: 'min_runtime_version', sizeBytes: 8, text: '1.14.0' },
    { name: 'OTHER', sizeBytes: 4, text: undefined },
  ]);
});

test('an Edge TPU model tells runtime, compiler, chip, memory, token and what is left on the CPU', t => {
  const bytes = makeEdgeTpuModel({
    minRuntimeVersion: 14,
    token: 18_446_744_073_709_551_615n,
    onChipBytes: 640,
    streamedBytes: 32,
    scratchBytes: 672,
    cpuOperators: [{ code: 25 }],
  });
  const { edgeTpu, sizeBytes } = readModel(bytes);
  t.is(sizeBytes, bytes.length);
  t.like(edgeTpu, {
    minRuntimeVersion: 14,
    compilerVersion: 'cl/343520747',
    chip: 'beagle',
    onChipBytes: 640,
    streamedBytes: 32,
    scratchBytes: 672,
    cachingTokens: ['18446744073709551615'],
    cpuOperators: [{ name: 'SOFTMAX', custom: false, version: 1, count: 1 }],
  });
  t.deepEqual(edgeTpu?.packages[0]?.executables, [
    {
      type: 'execution-only',
      chip: 'beagle',
      parameterBytes: 32,
      instructionBytes: 48,
      scratchBytes: 672,
      cachingToken: '18446744073709551615',
    },
    {
      type: 'parameter-caching',
      chip: 'beagle',
      parameterBytes: 640,
      instructionBytes: 16,
      scratchBytes: 0,
      cachingToken: '18446744073709551615',
    },
  ]);
});

test('a compiler that writes no version has none, and a token of zero is none', t => {
  const { edgeTpu } = readModel(makeEdgeTpuModel({ compilerVersion: 'cl/', token: 0n }));
  t.is(edgeTpu?.compilerVersion, undefined);
  t.deepEqual(edgeTpu?.cachingTokens, []);
});

test('the parameters of a stand-alone program are streamed', t => {
  const executable = writeFlatBuffer({ 6: field.bytes(new Uint8Array(100)), 10: field.text('beagle') });
  const bytes = writeFlatBuffer({ 1: field.bytes(writeFlatBuffer({ 0: field.byteLists([executable]) })) }, 'DWN1');
  const { edgeTpu } = readModel(makeEdgeTpuModel({ packageBytes: bytes }));
  t.like(edgeTpu, { onChipBytes: 0, streamedBytes: 100 });
});

test('a model in the middle of a larger buffer is read just so', t => {
  const model = makeEdgeTpuModel();
  const larger = new Uint8Array(model.length + 200).fill(0xff);
  larger.set(model, 123);
  t.deepEqual(readModel(larger.subarray(123, 123 + model.length)), readModel(model));
});
