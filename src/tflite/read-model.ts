import { EDGETPU_OPERATOR, readEdgeTpuPackage, type EdgeTpuPackage } from './edgetpu-package.js';
import { Table } from './flatbuffer.js';
import type { EdgeTpuSummary, ModelMetadata, OperatorCount, TfliteModel } from './model.js';
import { bytesInMemory } from './model-bytes.js';
import { ModelFormatError } from './model-format-error.js';
import { builtinOperatorName, CUSTOM_OPERATOR } from './names.js';
import { Span, type ByteSource } from './span.js';
import { quantizationOf, readGraphEnds, readTensorKinds } from './tensors.js';

// Field numbers of tensorflow/lite/schema/schema.fbs.
const IDENTIFIER = 'TFL3';
const MODEL = { version: 0, operatorCodes: 1, graphs: 2, description: 3, buffers: 4, metadata: 6 } as const;
const OPERATOR_CODE = { oldBuiltin: 0, customName: 1, version: 2, builtin: 3 } as const;
const GRAPH = { operators: 3 } as const;
const OPERATOR = { code: 0, customOptions: 5 } as const;
const BUFFER = { data: 0 } as const;
const METADATA = { name: 0, buffer: 1 } as const;

/** Metadata whose content is text: the oldest TensorFlow Lite (not Edge TPU) runtime that has all operators. */
const MIN_TFLITE_VERSION = 'min_runtime_version';

type OperatorCode = Omit<OperatorCount, 'count'>;

/**
 * Reads what a .tflite file says about itself, without executing anything and without copying its parameters.
 * @throws ModelFormatError if it is not a model, or truncated, damaged or made to mislead
 */
export function readModel(bytes: Uint8Array): TfliteModel {
  return readModelFrom(bytesInMemory(bytes));
}

/** The same of bytes that are read as they are needed. */
export function readModelFrom(source: ByteSource): TfliteModel {
  const span = Span.of(source);
  if (!span.holds(IDENTIFIER, 4)) throw notAModel(span);
  const table = Table.root(span);
  const codes = table.tables(MODEL.operatorCodes).map(readOperatorCode);
  const graphs = table.tables(MODEL.graphs);
  const [main] = graphs;
  if (main === undefined) return table.fail('it has no graph');
  const { operators, packages } = readOperators(graphs, codes);
  const kinds = graphs.map(readTensorKinds);
  return {
    sizeBytes: source.length,
    schemaVersion: table.uint32(MODEL.version),
    description: table.text(MODEL.description),
    ...readGraphEnds(main),
    operators,
    graphCount: graphs.length,
    quantization: quantizationOf(kinds),
    metadata: readMetadata(table),
    edgeTpu: packages.length === 0 ? undefined : summarise(packages, operators),
  };
}

/** The code was a signed byte once; later files have it twice, and the larger one counts. */
function readOperatorCode(table: Table): OperatorCode {
  const code = Math.max(table.int8(OPERATOR_CODE.oldBuiltin), table.int32(OPERATOR_CODE.builtin));
  const custom = code === CUSTOM_OPERATOR;
  return {
    name: custom ? (table.text(OPERATOR_CODE.customName) ?? '') : builtinOperatorName(code),
    custom,
    version: table.int32(OPERATOR_CODE.version, 1),
  };
}

function readOperators(
  graphs: readonly Table[],
  codes: readonly OperatorCode[],
): { operators: OperatorCount[]; packages: EdgeTpuPackage[] } {
  const counts = codes.map(() => 0);
  const packages: EdgeTpuPackage[] = [];
  for (const operator of graphs.flatMap(graph => graph.tables(GRAPH.operators))) {
    const index = operator.uint32(OPERATOR.code);
    const code = codes[index];
    if (code === undefined) return operator.fail('an operator is of a kind that the file does not list');
    counts[index] = (counts[index] ?? 0) + 1;
    if (!code.custom || code.name !== EDGETPU_OPERATOR) continue;
    const options = operator.bytes(OPERATOR.customOptions);
    packages.push(options ? readEdgeTpuPackage(options) : operator.fail('an Edge TPU operator carries no program'));
  }
  const operators = codes
    .map((code, index) => ({ ...code, count: counts[index] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  return { operators, packages };
}

function summarise(packages: readonly EdgeTpuPackage[], operators: readonly OperatorCount[]): EdgeTpuSummary {
  const executables = packages.flatMap(each => each.executables);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    packages,
    minRuntimeVersion: packages.reduce((newest, each) => Math.max(newest, each.minRuntimeVersion), 0),
    compilerVersion: packages[0]?.compilerVersion,
    chip: executables[0]?.chip ?? '',
    onChipBytes: sum(packages.map(each => each.onChipBytes)),
    streamedBytes: sum(packages.map(each => each.streamedBytes)),
    scratchBytes: sum(executables.map(each => each.scratchBytes)),
    cachingTokens: [...new Set(executables.flatMap(({ cachingToken }) => cachingToken ?? []))],
    cpuOperators: operators.filter(({ name, custom }) => !custom || name !== EDGETPU_OPERATOR),
  };
}

function readMetadata(model: Table): ModelMetadata[] {
  const buffers = model.tables(MODEL.buffers);
  return model.tables(MODEL.metadata).map(table => {
    const buffer = buffers[table.uint32(METADATA.buffer)];
    if (buffer === undefined) return table.fail('its metadata is missing');
    const name = table.text(METADATA.name) ?? '';
    const data = buffer.bytes(BUFFER.data);
    return { name, sizeBytes: data?.length ?? 0, text: name === MIN_TFLITE_VERSION ? data?.text() : undefined };
  });
}

/** What people give in place of a model most often, told apart. */
function notAModel(span: Span): ModelFormatError {
  if (span.length === 0) return new ModelFormatError('it is empty', 0);
  if (span.holds('version https://git-lfs', 0)) {
    return new ModelFormatError('it is a Git LFS pointer, not the file', 0, {
      hint: 'Fetch the file with `git lfs pull`.',
    });
  }
  if (span.holds('<', 0) || span.holds('\n<', 0)) {
    return new ModelFormatError('it looks like a web page', 0, {
      hint: 'Download the file itself, not the page about it.',
    });
  }
  return new ModelFormatError(`it does not carry the mark ${IDENTIFIER} of TensorFlow Lite`, Math.min(4, span.length));
}
