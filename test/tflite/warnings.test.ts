import test from 'ava';
import { readModel } from '../../src/tflite/read-model.js';
import { warningsOf, type NamedModel } from '../../src/tflite/warnings.js';
import { makeEdgeTpuModel, makeModel, type MadePackage } from '../fixtures/models.js';

const plain = (bytes: Uint8Array): NamedModel[] => [{ file: 'm.tflite', model: readModel(bytes) }];
const compiled = (file: string, made: MadePackage = {}): NamedModel => ({
  file,
  model: readModel(makeEdgeTpuModel(made)),
});

test('a compiled model that fits the chip has no warning', t => {
  t.deepEqual(warningsOf([compiled('m')], { runtimeVersion: 13 }), []);
});

test('a quantized model that is not compiled can be, and one that is not quantized cannot', t => {
  t.deepEqual(warningsOf(plain(makeModel())), [{ kind: 'not-compiled', file: 'm.tflite' }]);
  const float = { type: 0, shape: [4], name: 'x' };
  t.deepEqual(warningsOf(plain(makeModel({ tensors: [float, float] }))), [
    { kind: 'not-compiled', file: 'm.tflite' },
    { kind: 'not-quantized', file: 'm.tflite', quantization: 'none' },
    { kind: 'float-input', file: 'm.tflite', inputs: ['x'] },
  ]);
});

test('operators left on the CPU, streamed parameters and a newer runtime are told', t => {
  const model = readModel(makeEdgeTpuModel({ streamedBytes: 9, minRuntimeVersion: 14, cpuOperators: [{ code: 25 }] }));
  t.deepEqual(warningsOf([{ file: 'm', model }], { runtimeVersion: 13 }), [
    { kind: 'cpu-operators', file: 'm', operators: [{ name: 'SOFTMAX', custom: false, version: 1, count: 1 }] },
    { kind: 'streamed-parameters', file: 'm', streamedBytes: 9, onChipBytes: 64 },
    { kind: 'newer-runtime', file: 'm', needed: 14, available: 13 },
  ]);
});

test('models of different tokens evict each other, those of one token share the cache', t => {
  const [a, b, c] = [compiled('a', { token: 1n }), compiled('b', { token: 2n }), compiled('c', { token: 1n })];
  t.deepEqual(warningsOf([a, c]), [{ kind: 'co-compiled', files: ['a', 'c'] }]);
  t.deepEqual(warningsOf([a, b, c]), [
    { kind: 'cache-eviction', groups: [['a', 'c'], ['b']] },
    { kind: 'co-compiled', files: ['a', 'c'] },
  ]);
});

test('a model without a token evicts all others, itself excepted', t => {
  const none = compiled('none', { token: 0n, onChipBytes: 0 });
  t.deepEqual(warningsOf([none]), []);
  t.deepEqual(warningsOf([none, compiled('a')]), [{ kind: 'cache-eviction', groups: [['none'], ['a']] }]);
});

test('where nothing is cached, nothing is evicted', t => {
  const streaming = (file: string, token: bigint): NamedModel => compiled(file, { token, onChipBytes: 0 });
  t.deepEqual(warningsOf([streaming('a', 1n), streaming('b', 2n)]), []);
});
