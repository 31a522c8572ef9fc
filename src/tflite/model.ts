import type { EdgeTpuPackage } from './edgetpu-package.js';

/** What a .tflite file says about itself. Names and texts in it are safe to print. */
export interface TfliteModel {
  readonly sizeBytes: number;
  /** Version of the file format; 3 since 2018. */
  readonly schemaVersion: number;
  readonly description: string | undefined;
  /** Of the main graph, which is the first. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Of all graphs, most frequent first. */
  readonly operators: readonly OperatorCount[];
  /** More than one where the model branches or loops. */
  readonly graphCount: number;
  readonly quantization: ModelQuantization;
  readonly metadata: readonly ModelMetadata[];
  /** Set for models that the Edge TPU compiler has been at. */
  readonly edgeTpu: EdgeTpuSummary | undefined;
}

/** An input or output of a model. */
export interface TensorInfo {
  /** Empty where the file gives none. */
  readonly name: string;
  /** Outermost dimension first; a dimension of unknown size is -1. Empty for a single value or an unknown shape. */
  readonly shape: readonly number[];
  /** Such as `uint8` and `float32`. */
  readonly type: string;
  /** real = scale * (quantized - zeroPoint); undefined where the values are real already. */
  readonly quantization: { readonly scale: number; readonly zeroPoint: number } | undefined;
}

/** How often an operator stands in a model. */
export interface OperatorCount {
  /** Such as `CONV_2D`; the operator's own name where `custom`. */
  readonly name: string;
  readonly custom: boolean;
  readonly version: number;
  readonly count: number;
}

/**
 * `full`: 8-bit quantized throughout, apart perhaps from inputs and outputs; `partial`: some tensors are floating-point;
 * `none`: no tensor is 8-bit quantized.
 */
export type ModelQuantization = 'full' | 'partial' | 'none';

/** An entry of the metadata table of a model. */
export interface ModelMetadata {
  readonly name: string;
  readonly sizeBytes: number;
  /** Content, of entries that are known to be text. */
  readonly text: string | undefined;
}

/** The packages of all Edge TPU operators of a model, taken together. */
export interface EdgeTpuSummary {
  readonly packages: readonly EdgeTpuPackage[];
  /** The newest that any package asks for. */
  readonly minRuntimeVersion: number;
  readonly compilerVersion: string | undefined;
  readonly chip: string;
  readonly onChipBytes: number;
  readonly streamedBytes: number;
  readonly scratchBytes: number;
  /** Distinct tokens: models share the chip's parameter cache only with models of the same token. */
  readonly cachingTokens: readonly string[];
  /** Operators that the compiler left on the CPU. */
  readonly cpuOperators: readonly OperatorCount[];
}
