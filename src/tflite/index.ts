// The subpath `mendel-device-tool/tflite`: what is in a TensorFlow Lite model, compiled for the Edge TPU or not.
export type { EdgeTpuExecutable, EdgeTpuPackage, ExecutableType } from './edgetpu-package.js';
export type {
  EdgeTpuSummary,
  ModelMetadata,
  ModelQuantization,
  OperatorCount,
  TensorInfo,
  TfliteModel,
} from './model.js';
export { readModelFile } from './model-file.js';
export { ModelFormatError } from './model-format-error.js';
export { readModel } from './read-model.js';
export { warningsOf, type ModelWarning, type NamedModel, type WarningOptions } from './warnings.js';
