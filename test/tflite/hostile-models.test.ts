import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { ModelFormatError } from '../../src/tflite/model-format-error.js';
import { readModel } from '../../src/tflite/read-model.js';
import { field, writeFlatBuffer, writeFlexMap } from '../fixtures/flatbuffer-writer.js';
import { makeEdgeTpuModel, makeModel } from '../fixtures/models.js';
import { sharedModels } from '../fixtures/shared-models.js';

/** Reads the bytes, which must give a model or say what is wrong with a place inside of the file. */
function readOrRefuse(t: ExecutionContext, bytes: Uint8Array): ModelFormatError | undefined {
  try {
    readModel(bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof ModelFormatError)) throw error;
    if (!(error.offset >= 0 && error.offset <= bytes.length)) t.fail(`offset ${String(error.offset)}`);
    return error;
  }
}

const edgeTpuModel = makeEdgeTpuModel({ cpuOperators: [{ code: 25 }] });

test('a model that ends at any earlier byte is refused', t => {
  for (let length = 0; length < edgeTpuModel.length - 64; length++) {
    t.truthy(readOrRefuse(t, edgeTpuModel.subarray(0, length)), `${String(length)} bytes`);
  }
});

/** Numbers that lead astray: ends of the ranges, and small steps from what was there. */
const mutation = fc.record({
  at: fc.nat(1_000_000),
  bytes: fc.oneof<fc.Arbitrary<readonly number[]>[]>(
    fc.constantFrom([0], [0xff], [0x7f], [0x80], [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f], [0, 0, 0, 0x80]),
    fc.array(fc.nat(255), { minLength: 1, maxLength: 8 }),
  ),
});

function mutated(
  model: Uint8Array,
  mutations: readonly { at: number; bytes: readonly number[] }[],
  cut: number,
): Uint8Array {
  const copy = model.slice(0, Math.ceil(model.length * cut));
  for (const { at, bytes } of mutations) {
    for (const [index, byte] of bytes.entries()) if (copy.length > 0) copy[(at + index) % copy.length] = byte;
  }
  return copy;
}

const cutAt = fc.oneof(
  { weight: 4, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
);

for (const [name, model] of [
  ['an Edge TPU model', edgeTpuModel],
  ['a plain model', makeModel({ metadata: { min_runtime_version: '1.5.0' } })],
] as const) {
  test(`5,000 mutations of ${name} are read or refused`, t => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), cutAt, (mutations, cut) => {
        readOrRefuse(t, mutated(model, mutations, cut));
      }),
      { numRuns: 5_000 },
    );
    t.pass();
  });
}

test('any bytes behind the mark of TensorFlow Lite are read or refused', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), tail => {
      const bytes = new Uint8Array([tail[0] ?? 0, 0, 0, 0, ...Buffer.from('TFL3'), ...tail]);
      readOrRefuse(t, bytes);
    }),
    { numRuns: 5_000 },
  );
  t.pass();
});

(sharedModels === undefined ? test.skip : test)('the headers of the real models, mutated, are read or refused', t => {
  const folder = sharedModels ?? '';
  const models = readdirSync(folder)
    .map(name => readFileSync(join(folder, name)))
    .filter(({ length }) => length < 100_000);
  fc.assert(
    fc.property(fc.constantFrom(...models), fc.array(mutation, { minLength: 1, maxLength: 12 }), (model, mutations) => {
      // What is read lies at the start and at the end; the programs between are not looked at.
      const aimed = mutations.map(({ at, bytes }) => ({
        at: at % 2 === 0 ? at % 2048 : model.length - 1 - (at % 1024),
        bytes,
      }));
      readOrRefuse(t, mutated(model, aimed, 1));
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});

function refused(t: ExecutionContext, bytes: Uint8Array, problem: RegExp): void {
  t.regex(readOrRefuse(t, bytes)?.problem ?? 'it was read', problem);
}

test('files of other kinds are told apart', t => {
  refused(t, new Uint8Array(0), /it is empty/);
  refused(t, Buffer.from('PK\u0003\u0004 and more of an archive'), /does not carry the mark TFL3/);
  refused(t, Buffer.from('\n<!DOCTYPE html><html>'), /web page/);
  const pointer = readOrRefuse(t, Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'));
  t.regex(pointer?.message ?? '', /Git LFS pointer/);
  t.is(pointer?.hint, 'Fetch the file with `git lfs pull`.');
});

test('lists that claim more elements than the file has bytes are refused', t => {
  const model = Buffer.from(makeModel({ description: 'ABCDEFGH' }));
  const text = model.indexOf('ABCDEFGH');
  for (const count of [0xffffffff, 0x7fffffff, model.length]) {
    model.writeUInt32LE(count, text - 4);
    refused(t, model, /a list lies outside/);
  }
});

test('small files whose parts refer to each other without end are refused at once', t => {
  // Twenty thousand graphs that are all the same one, of twenty thousand operators that are all the same one.
  const graph = { 3: field.repeated(20_000, {}) };
  refused(t, writeFlatBuffer({ 1: field.tables([{}]), 2: field.repeated(20_000, graph) }, 'TFL3'), /without end/);
  // A hundred thousand outputs that are all the same tensor, with a long name.
  const outputs = Array.from({ length: 100_000 }, () => 0);
  refused(t, makeModel({ tensors: [{ name: 'n'.repeat(100_000) }], outputs }), /without end/);
});

test('shapes below zero, of too many dimensions and scales that are no numbers are refused', t => {
  const of = (tensor: object): Uint8Array => makeModel({ tensors: [tensor], outputs: [0] });
  refused(t, of({ shape: [1, -5] }), /negative size/);
  refused(t, of({ shape: [1], shapeSignature: [-2] }), /negative size/);
  refused(t, of({ shape: Array.from({ length: 33 }, () => 1) }), /more dimensions/);
  refused(t, of({ shape: [1], scales: [Number.NaN] }), /not a number/);
});

test('inputs, operators and metadata that refer to what is not there are refused', t => {
  refused(t, makeModel({ inputs: [2] }), /input or output is not among its tensors/);
  refused(t, makeModel({ outputs: [-1] }), /input or output is not among its tensors/);
  const graph = { 3: field.tables([{ 0: field.int(9) }]) };
  refused(t, writeFlatBuffer({ 2: field.tables([graph]) }, 'TFL3'), /of a kind that the file does not list/);
  const lost = { 2: field.tables([{}]), 6: field.tables([{ 0: field.text('x'), 1: field.int(4) }]) };
  refused(t, writeFlatBuffer(lost, 'TFL3'), /metadata is missing/);
  refused(t, writeFlatBuffer({}, 'TFL3'), /it has no graph/);
});

test('an Edge TPU operator without a program, or with something else in its place, is refused', t => {
  const of = (customOptions?: Uint8Array): Uint8Array =>
    makeModel({ operators: [{ code: 32, customName: 'edgetpu-custom-op', ...(customOptions && { customOptions }) }] });
  refused(t, of(), /carries no program/);
  refused(t, of(writeFlexMap({ 1: 0 })), /carries no program/);
  refused(t, of(writeFlexMap({ 4: 12 })), /not a list of bytes/);
  refused(t, of(writeFlexMap({ 4: Buffer.from('not a package') })), /of an unknown kind/);
  refused(t, of(new Uint8Array(0)), /do not end as they must|outside/);
  refused(t, of(new Uint8Array([1, 4, 1])), /not a map/);
  refused(t, makeEdgeTpuModel({ packageBytes: writeFlatBuffer({}, 'DWN1') }), /is empty/);
  const noExecutables = writeFlatBuffer({ 1: field.bytes(writeFlatBuffer({})) }, 'DWN1');
  refused(t, makeEdgeTpuModel({ packageBytes: noExecutables }), /is empty/);
  const odd = writeFlatBuffer({ 13: field.short(9) });
  const oddPackage = writeFlatBuffer({ 1: field.bytes(writeFlatBuffer({ 0: field.byteLists([odd]) })) }, 'DWN1');
  refused(t, makeEdgeTpuModel({ packageBytes: oddPackage }), /of an unknown kind/);
});

test('options nested in options are not followed', t => {
  let nested = writeFlexMap({ 4: 0 });
  for (let depth = 0; depth < 50; depth++) nested = writeFlexMap({ 4: nested });
  refused(
    t,
    makeModel({ operators: [{ code: 32, customName: 'edgetpu-custom-op', customOptions: nested }] }),
    /unknown kind/,
  );
});

test('the error names the file, the problem and the place, and what to do', t => {
  const error = new ModelFormatError('a list lies outside of it', 12).of('x.tflite');
  t.is(error.message, 'x.tflite is not a model that mdt can read: a list lies outside of it (byte 12).');
  t.is(error.exitCode, 5);
  t.like(error.facts, { offset: 12, file: 'x.tflite' });
  t.regex(error.hint ?? '', /copy or download it again/);
});
