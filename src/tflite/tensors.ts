import type { Table } from './flatbuffer.js';
import type { ModelQuantization, TensorInfo } from './model.js';
import { tensorTypeName } from './names.js';

// Field numbers of tensorflow/lite/schema/schema.fbs.
const GRAPH = { tensors: 0, inputs: 1, outputs: 2 } as const;
const TENSOR = { shape: 0, type: 1, name: 3, quantization: 4, shapeSignature: 7 } as const;
const QUANTIZATION = { scale: 2, zeroPoint: 3 } as const;

/** More dimensions than any operator of TensorFlow Lite takes. */
const MAX_RANK = 32;

/** How many tensors of a graph are 8-bit quantized, and how many inside of it are floating-point. */
export interface TensorKinds {
  readonly quantized: number;
  readonly innerFloats: number;
}

/** The inputs and outputs of a graph. */
export function readGraphEnds(graph: Table): { inputs: TensorInfo[]; outputs: TensorInfo[] } {
  const tensors = graph.tables(GRAPH.tensors);
  const read = (index: number): TensorInfo => {
    const tensor = tensors[index];
    return tensor ? readTensor(tensor) : graph.fail('an input or output is not among its tensors');
  };
  return { inputs: graph.int32s(GRAPH.inputs).map(read), outputs: graph.int32s(GRAPH.outputs).map(read) };
}

export function readTensorKinds(graph: Table): TensorKinds {
  const ends = new Set([...graph.int32s(GRAPH.inputs), ...graph.int32s(GRAPH.outputs)]);
  let quantized = 0;
  let innerFloats = 0;
  for (const [index, tensor] of graph.tables(GRAPH.tensors).entries()) {
    const type = tensorTypeName(tensor.int8(TENSOR.type));
    if (type === 'uint8' || type === 'int8') quantized += isScaled(tensor) ? 1 : 0;
    else if (type.startsWith('float') && !ends.has(index)) innerFloats++;
  }
  return { quantized, innerFloats };
}

export function quantizationOf(graphs: readonly TensorKinds[]): ModelQuantization {
  if (graphs.every(({ quantized }) => quantized === 0)) return 'none';
  return graphs.every(({ innerFloats }) => innerFloats === 0) ? 'full' : 'partial';
}

function readTensor(tensor: Table): TensorInfo {
  return {
    name: tensor.text(TENSOR.name) ?? '',
    shape: readShape(tensor),
    type: tensorTypeName(tensor.int8(TENSOR.type)),
    quantization: readQuantization(tensor),
  };
}

/** The signature, where there is one, has -1 where the shape can vary and the shape has 1. */
function readShape(tensor: Table): number[] {
  const field = tensor.count(TENSOR.shapeSignature, 4) > 0 ? TENSOR.shapeSignature : TENSOR.shape;
  if (tensor.count(field, 4) > MAX_RANK) tensor.fail('a tensor has more dimensions than there can be');
  const shape = tensor.int32s(field);
  if (shape.some(size => size < (field === TENSOR.shape ? 0 : -1))) tensor.fail('a tensor has a negative size');
  return shape;
}

/** Inputs and outputs have one scale; weights may have one for each channel, which is not a matter for here. */
function readQuantization(tensor: Table): TensorInfo['quantization'] {
  const table = tensor.table(TENSOR.quantization);
  if (table?.count(QUANTIZATION.scale, 4) !== 1) return undefined;
  const [scale = 0] = table.float32s(QUANTIZATION.scale);
  const [zeroPoint = 0n] = table.count(QUANTIZATION.zeroPoint, 8) === 1 ? table.int64s(QUANTIZATION.zeroPoint) : [];
  if (!Number.isFinite(scale)) tensor.fail('the scale of a tensor is not a number');
  return { scale, zeroPoint: Number(zeroPoint) };
}

function isScaled(tensor: Table): boolean {
  return (tensor.table(TENSOR.quantization)?.count(QUANTIZATION.scale, 4) ?? 0) > 0;
}
